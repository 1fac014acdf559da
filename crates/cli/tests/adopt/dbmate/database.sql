-- What dbmate 2.36.0 left in a database; made by scripts/adopt-fixtures.sh.
SET check_function_bodies = false;
CREATE SCHEMA shop;
CREATE TYPE shop.state AS ENUM (
    'new',
    'paid'
);
CREATE FUNCTION shop.pay(wanted bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  update shop.orders set state = 'paid' where id = wanted;  -- not a marker: migrate:down
end;
$$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.schema_migrations (
    version character varying NOT NULL
);
CREATE TABLE public.users (
    id integer NOT NULL,
    email text NOT NULL
);
CREATE SEQUENCE public.users_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.users_id_seq OWNED BY public.users.id;
CREATE TABLE shop.orders (
    id bigint NOT NULL,
    user_id integer NOT NULL,
    state shop.state DEFAULT 'new'::shop.state NOT NULL
);
ALTER TABLE shop.orders ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME shop.orders_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE ONLY public.users ALTER COLUMN id SET DEFAULT nextval('public.users_id_seq'::regclass);
INSERT INTO public.schema_migrations VALUES ('20240101000000');
INSERT INTO public.schema_migrations VALUES ('20240102000000');
INSERT INTO public.schema_migrations VALUES ('20240102120000');
INSERT INTO public.users VALUES (1, 'a;b@example.org');
SELECT pg_catalog.setval('public.users_id_seq', 1, true);
SELECT pg_catalog.setval('shop.orders_id_seq', 1, false);
ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_key UNIQUE (email);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE ONLY shop.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
CREATE INDEX users_email ON public.users USING btree (lower(email));
ALTER TABLE ONLY shop.orders
    ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);
