-- What sqlx 0.9.0 left in a database; made by scripts/adopt-fixtures.sh.
SET check_function_bodies = false;
CREATE SCHEMA shop;
CREATE TYPE shop.state AS ENUM (
    'new',
    'paid',
    'gone'
);
CREATE FUNCTION shop.pay(wanted bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
  UPDATE shop.orders SET state = 'paid' WHERE id = wanted;
END;
$$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);
CREATE TABLE public.users (
    id integer NOT NULL,
    email text NOT NULL
);
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
INSERT INTO public._sqlx_migrations VALUES (20240101000000, 'users', '2026-11-28 21:17:55.756289+00', true, '\x406534a2bdcb4dd22778c9629b1b66ef36eaf41c01cbdc07d0bdb2a10e496679a7a462909d21b3cd5d1cb5d6bbf6e12a', 172107382);
INSERT INTO public._sqlx_migrations VALUES (20240102000000, 'index', '2026-11-28 21:17:55.949593+00', true, '\xa25b0fca8722fe9c95ce215c38682c6641c74597afcdfdc382b57681aa6a50d9000f4e017d1ece12ae95bd47ed6f7ba6', 14940155);
INSERT INTO public._sqlx_migrations VALUES (20240102120000, 'gone', '2026-11-28 21:17:55.994623+00', true, '\x85d9d8c8a8c201b285ef0d2d7e1371777f8ce4dcaeef8dedfb0085040262d95fc3d2a4782cedc64e87d8d7711b3b5eef', 45305667);
INSERT INTO public._sqlx_migrations VALUES (20240102130000, 'pay', '2026-11-28 21:17:56.046655+00', true, '\xf4c8b0d17d9017de4303e67a0a9a16373a331b6d4f851cf1ac9c5c28de12715db9352686ad9b830828c37b260cced969', 6864061);
INSERT INTO public.users VALUES (1, 'a;b@example.org');
SELECT pg_catalog.setval('shop.orders_id_seq', 1, false);
ALTER TABLE ONLY public._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_key UNIQUE (email);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE ONLY shop.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
CREATE INDEX users_email ON public.users USING btree (lower(email));
ALTER TABLE ONLY shop.orders
    ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);
