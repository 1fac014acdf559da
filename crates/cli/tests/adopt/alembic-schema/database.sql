-- What alembic-schema 1.20.1 left in a database; made by scripts/adopt-fixtures.sh.
SET check_function_bodies = false;
CREATE SCHEMA meta;
CREATE SCHEMA shop;
CREATE TYPE shop.state AS ENUM (
    'new',
    'paid',
    'gone'
);
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE meta.revision (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.users (
    id integer NOT NULL,
    email character varying(100) NOT NULL,
    nick text
);
COMMENT ON COLUMN public.users.nick IS 'what friends say';
CREATE SEQUENCE public.users_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.users_id_seq OWNED BY public.users.id;
CREATE TABLE shop.orders (
    id integer NOT NULL,
    user_id integer NOT NULL,
    state shop.state DEFAULT 'new'::shop.state
);
CREATE SEQUENCE shop.orders_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE shop.orders_id_seq OWNED BY shop.orders.id;
ALTER TABLE ONLY public.users ALTER COLUMN id SET DEFAULT nextval('public.users_id_seq'::regclass);
ALTER TABLE ONLY shop.orders ALTER COLUMN id SET DEFAULT nextval('shop.orders_id_seq'::regclass);
INSERT INTO meta.revision VALUES ('bbb222');
INSERT INTO meta.revision VALUES ('ccc333');
INSERT INTO public.users VALUES (1, 'a;b''s@example.org', NULL);
INSERT INTO shop.orders VALUES (1, 1, 'gone');
SELECT pg_catalog.setval('public.users_id_seq', 1, true);
SELECT pg_catalog.setval('shop.orders_id_seq', 1, true);
ALTER TABLE ONLY meta.revision
    ADD CONSTRAINT revision_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_key UNIQUE (email);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE ONLY shop.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
CREATE INDEX users_email ON public.users USING btree (email);
ALTER TABLE ONLY shop.orders
    ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);
