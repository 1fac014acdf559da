-- no-transaction
ALTER TYPE shop.state ADD VALUE 'gone';
