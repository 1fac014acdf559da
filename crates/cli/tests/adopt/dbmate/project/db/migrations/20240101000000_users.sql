-- migrate:up
create schema shop;
create type shop.state as enum ('new', 'paid');
create table users (id serial primary key, email text not null unique);
create table shop.orders (
  id bigint generated always as identity primary key,
  user_id integer not null references users (id),
  state shop.state not null default 'new'
);
insert into users (email) values ('a;b@example.org');

-- migrate:down
drop table shop.orders;
drop table users;
drop schema shop cascade;
