-- What prisma 6.19.0 left in a database; made by scripts/adopt-fixtures.sh.
SET check_function_bodies = false;
CREATE TYPE public."State" AS ENUM (
    'NEW',
    'PAID'
);
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public."Order" (
    id integer NOT NULL,
    "userId" integer NOT NULL,
    state public."State" DEFAULT 'NEW'::public."State" NOT NULL
);
CREATE SEQUENCE public."Order_id_seq"
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public."Order_id_seq" OWNED BY public."Order".id;
CREATE TABLE public."User" (
    id integer NOT NULL,
    email text NOT NULL
);
CREATE SEQUENCE public."User_id_seq"
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public."User_id_seq" OWNED BY public."User".id;
CREATE TABLE public._prisma_migrations (
    id character varying(36) NOT NULL,
    checksum character varying(64) NOT NULL,
    finished_at timestamp with time zone,
    migration_name character varying(255) NOT NULL,
    logs text,
    rolled_back_at timestamp with time zone,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    applied_steps_count integer DEFAULT 0 NOT NULL
);
ALTER TABLE ONLY public."Order" ALTER COLUMN id SET DEFAULT nextval('public."Order_id_seq"'::regclass);
ALTER TABLE ONLY public."User" ALTER COLUMN id SET DEFAULT nextval('public."User_id_seq"'::regclass);
INSERT INTO public._prisma_migrations VALUES ('eb05b926-16a5-47ae-a457-81d234554f9d', '362e3657cff8c655c400ec7fa8f2b1cfbdbcfb43cded22019f9250b3319031e4', '2026-11-28 21:18:25.321+00', '20240101000000_init', NULL, NULL, '2026-11-28 21:18:25.221+00', 1);
INSERT INTO public._prisma_migrations VALUES ('9946f888-7fa5-48f2-ab49-8f40b9fa3c58', '7e4130b7803f70ade0a1868f1224ea9b8b13a765ad155d6091e35c44766ad76f', '2026-11-28 21:18:25.367+00', '20240102000000_unique_email', NULL, NULL, '2026-11-28 21:18:25.327+00', 1);
INSERT INTO public._prisma_migrations VALUES ('ef9f6560-9a5f-4149-8e6d-89583efacaf4', 'a018a31e57ec08149f2a580ab4e0cb709d4204ccb2b48c815e261785e6e8b336', NULL, '20240103000000_nick', 'external connector error
No such table: Users
   0: sql_schema_connector::apply_migration::apply_script
           with migration_name="20240103000000_nick"
             at schema-engine/connectors/sql-schema-connector/src/apply_migration.rs:113
   1: schema_commands::commands::apply_migrations::Applying migration
           with migration_name="20240103000000_nick"
             at schema-engine/commands/src/commands/apply_migrations.rs:95
   2: schema_engine_wasm::wasm::engine::ApplyMigrations
             at schema-engine/schema-engine-wasm/src/wasm/engine.rs:167', NULL, '2026-11-28 21:18:25.404+00', 0);
SELECT pg_catalog.setval('public."Order_id_seq"', 1, false);
SELECT pg_catalog.setval('public."User_id_seq"', 1, false);
ALTER TABLE ONLY public."Order"
    ADD CONSTRAINT "Order_pkey" PRIMARY KEY (id);
ALTER TABLE ONLY public."User"
    ADD CONSTRAINT "User_pkey" PRIMARY KEY (id);
ALTER TABLE ONLY public._prisma_migrations
    ADD CONSTRAINT _prisma_migrations_pkey PRIMARY KEY (id);
CREATE UNIQUE INDEX "User_email_key" ON public."User" USING btree (email);
ALTER TABLE ONLY public."Order"
    ADD CONSTRAINT "Order_userId_fkey" FOREIGN KEY ("userId") REFERENCES public."User"(id) ON UPDATE CASCADE ON DELETE RESTRICT;
