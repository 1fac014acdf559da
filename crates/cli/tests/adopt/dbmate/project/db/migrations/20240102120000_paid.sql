-- migrate:up
create function shop.pay(wanted bigint) returns void language plpgsql as $$
begin
  update shop.orders set state = 'paid' where id = wanted;  -- not a marker: migrate:down
end;
$$;

-- migrate:down
drop function shop.pay(bigint);
