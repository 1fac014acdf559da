-- migrate:up
alter table users add column nick text;
-- migrate:down
alter table users drop column nick;
