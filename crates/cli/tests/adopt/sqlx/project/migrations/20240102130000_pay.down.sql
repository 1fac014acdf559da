DELETE FROM users WHERE id = 1;
DROP FUNCTION shop.pay(bigint);
