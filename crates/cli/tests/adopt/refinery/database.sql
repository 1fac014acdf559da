-- What refinery 0.10.0 left in a database; made by scripts/adopt-fixtures.sh.
SET check_function_bodies = false;
CREATE SCHEMA shop;
CREATE FUNCTION shop.paid(wanted bigint) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
BEGIN
  RETURN EXISTS (SELECT FROM shop.orders WHERE id = wanted);
END;
$$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.refinery_schema_history (
    version integer NOT NULL,
    name character varying(255),
    applied_on character varying(255),
    checksum character varying(255)
);
CREATE TABLE public.users (
    id integer NOT NULL,
    email text NOT NULL
);
CREATE TABLE shop.orders (
    id bigint NOT NULL,
    user_id integer NOT NULL
);
ALTER TABLE shop.orders ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME shop.orders_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
INSERT INTO public.refinery_schema_history VALUES (1, 'users', '2026-11-28T21:17:59.119558717Z', '15107951705300758225');
INSERT INTO public.refinery_schema_history VALUES (2, 'index', '2026-11-28T21:17:59.119584616Z', '513611084027443346');
INSERT INTO public.refinery_schema_history VALUES (3, 'pay', '2026-11-28T21:17:59.11958741Z', '16003002953971794286');
SELECT pg_catalog.setval('shop.orders_id_seq', 1, false);
ALTER TABLE ONLY public.refinery_schema_history
    ADD CONSTRAINT refinery_schema_history_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_key UNIQUE (email);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE ONLY shop.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
CREATE INDEX users_email ON public.users USING btree (lower(email));
ALTER TABLE ONLY shop.orders
    ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);
