-- What dbmate-schema 2.36.0 left in a database; made by scripts/adopt-fixtures.sh.
SET check_function_bodies = false;
CREATE SCHEMA home;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE home.users (
    id integer NOT NULL,
    email text NOT NULL
);
CREATE VIEW home.mine AS
 SELECT users.id
   FROM home.users
  WHERE (users.email ~~ 'a%'::text);
CREATE TABLE home.schema_migrations (
    version character varying NOT NULL
);
CREATE SEQUENCE home.users_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE home.users_id_seq OWNED BY home.users.id;
ALTER TABLE ONLY home.users ALTER COLUMN id SET DEFAULT nextval('home.users_id_seq'::regclass);
INSERT INTO home.schema_migrations VALUES ('20240101000000');
INSERT INTO home.schema_migrations VALUES ('20240102000000');
SELECT pg_catalog.setval('home.users_id_seq', 1, false);
ALTER TABLE ONLY home.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY home.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
