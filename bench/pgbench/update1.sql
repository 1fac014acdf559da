\set id random(1, :rows)
UPDATE perfis SET saldo = saldo + 1, updated_at = now() WHERE id = :id;
