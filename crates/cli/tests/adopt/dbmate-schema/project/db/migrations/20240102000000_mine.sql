-- migrate:up
create view mine as select id from users where email like 'a%';
-- migrate:down
drop view mine;
