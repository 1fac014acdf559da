CREATE FUNCTION shop.pay(wanted bigint) RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
  UPDATE shop.orders SET state = 'paid' WHERE id = wanted;
END;
$body$;
INSERT INTO users VALUES (1, 'a;b@example.org');
