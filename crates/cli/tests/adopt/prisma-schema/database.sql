-- What prisma-schema 6.19.0 left in a database; made by scripts/adopt-fixtures.sh.
SET check_function_bodies = false;
CREATE SCHEMA home;
CREATE TYPE home."State" AS ENUM (
    'NEW',
    'PAID'
);
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE home."Order" (
    id integer NOT NULL,
    "userId" integer NOT NULL,
    state home."State" DEFAULT 'NEW'::home."State" NOT NULL
);
CREATE SEQUENCE home."Order_id_seq"
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE home."Order_id_seq" OWNED BY home."Order".id;
CREATE TABLE home."User" (
    id integer NOT NULL,
    email text NOT NULL
);
CREATE SEQUENCE home."User_id_seq"
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE home."User_id_seq" OWNED BY home."User".id;
CREATE TABLE home._prisma_migrations (
    id character varying(36) NOT NULL,
    checksum character varying(64) NOT NULL,
    finished_at timestamp with time zone,
    migration_name character varying(255) NOT NULL,
    logs text,
    rolled_back_at timestamp with time zone,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    applied_steps_count integer DEFAULT 0 NOT NULL
);
ALTER TABLE ONLY home."Order" ALTER COLUMN id SET DEFAULT nextval('home."Order_id_seq"'::regclass);
ALTER TABLE ONLY home."User" ALTER COLUMN id SET DEFAULT nextval('home."User_id_seq"'::regclass);
INSERT INTO home._prisma_migrations VALUES ('46d53dcb-f040-4238-8838-1022ab64d565', '362e3657cff8c655c400ec7fa8f2b1cfbdbcfb43cded22019f9250b3319031e4', '2026-11-28 21:22:13.926+00', '20240101000000_init', NULL, NULL, '2026-11-28 21:22:13.842+00', 1);
INSERT INTO home._prisma_migrations VALUES ('083c83fc-0480-4097-8a06-1bcf63c65523', '7e4130b7803f70ade0a1868f1224ea9b8b13a765ad155d6091e35c44766ad76f', '2026-11-28 21:22:13.989+00', '20240102000000_unique_email', NULL, NULL, '2026-11-28 21:22:13.945+00', 1);
SELECT pg_catalog.setval('home."Order_id_seq"', 1, false);
SELECT pg_catalog.setval('home."User_id_seq"', 1, false);
ALTER TABLE ONLY home."Order"
    ADD CONSTRAINT "Order_pkey" PRIMARY KEY (id);
ALTER TABLE ONLY home."User"
    ADD CONSTRAINT "User_pkey" PRIMARY KEY (id);
ALTER TABLE ONLY home._prisma_migrations
    ADD CONSTRAINT _prisma_migrations_pkey PRIMARY KEY (id);
CREATE UNIQUE INDEX "User_email_key" ON home."User" USING btree (email);
ALTER TABLE ONLY home."Order"
    ADD CONSTRAINT "Order_userId_fkey" FOREIGN KEY ("userId") REFERENCES home."User"(id) ON UPDATE CASCADE ON DELETE RESTRICT;
