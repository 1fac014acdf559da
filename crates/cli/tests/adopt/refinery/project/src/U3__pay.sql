CREATE FUNCTION shop.paid(wanted bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  RETURN EXISTS (SELECT FROM shop.orders WHERE id = wanted);
END;
$$;
