-- One of everything that a model holds.
CREATE SCHEMA shop;
COMMENT ON SCHEMA shop IS 'what is sold';
CREATE EXTENSION pg_trgm;
CREATE TRUSTED LANGUAGE plsample HANDLER plpgsql_call_handler;
CREATE COLLATION shop.by_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TYPE shop.mood AS ENUM ('sad', 'ok');
CREATE DOMAIN shop.email AS text NOT NULL DEFAULT 'nobody@example.com' CONSTRAINT has_at CHECK (VALUE LIKE '%@%');
CREATE TYPE shop.point3 AS (x integer, y integer, z text COLLATE "C");
CREATE TYPE shop.span AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE SEQUENCE shop.numbers INCREMENT 5 CYCLE MAXVALUE 100;

CREATE FUNCTION shop.double(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
CREATE FUNCTION shop.double(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
CREATE PROCEDURE shop.nothing() LANGUAGE plpgsql AS 'BEGIN END';
CREATE AGGREGATE shop.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');
CREATE FUNCTION shop.near(integer, integer) RETURNS boolean LANGUAGE sql AS 'SELECT abs($1 - $2) < 3';
CREATE OPERATOR shop.~~~ (FUNCTION = shop.near, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR(shop.~~~));
CREATE CAST (shop.point3 AS integer) WITH INOUT;
CREATE TEXT SEARCH DICTIONARY shop.plain (TEMPLATE = simple, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION shop.words (COPY = simple);
CREATE FOREIGN DATA WRAPPER elsewhere OPTIONS (flavour 'none');
CREATE SERVER far FOREIGN DATA WRAPPER elsewhere OPTIONS (host 'example.com');
CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (secret 'do not print');

CREATE TABLE shop.people (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text COLLATE "C" NOT NULL,
  mail shop.email,
  mood shop.mood DEFAULT 'ok',
  shouted text GENERATED ALWAYS AS (upper(name)) STORED,
  bio text,
  CONSTRAINT name_is_short CHECK (length(name) < 100)
) WITH (fillfactor = 90);
COMMENT ON TABLE shop.people IS 'who buys';
COMMENT ON COLUMN shop.people.bio IS 'in their own words';
ALTER TABLE shop.people ALTER COLUMN bio SET STORAGE EXTERNAL, ALTER COLUMN bio SET STATISTICS 500;
CREATE UNIQUE INDEX people_mail ON shop.people (lower(mail)) WHERE mood = 'ok';
COMMENT ON INDEX shop.people_mail IS 'one of each';
CREATE TABLE shop.orders (
  id serial PRIMARY KEY,
  person bigint REFERENCES shop.people ON DELETE CASCADE DEFERRABLE,
  during int4range,
  EXCLUDE USING gist (during WITH &&)
);
CREATE STATISTICS shop.together (dependencies) ON id, person FROM shop.orders;
CREATE UNLOGGED TABLE shop.scratch (n integer);
CREATE TABLE shop.special (price numeric) INHERITS (shop.scratch);
CREATE FOREIGN TABLE shop.remote (n integer) SERVER far OPTIONS (path 'x');
CREATE TABLE shop.events (at date NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE shop.events_2024 PARTITION OF shop.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE INDEX events_what ON shop.events (what);

CREATE VIEW shop.happy WITH (security_barrier = true) AS SELECT id, name FROM shop.people WHERE mood = 'ok';
COMMENT ON COLUMN shop.happy.name IS 'as on the door';
CREATE MATERIALIZED VIEW shop.counts AS SELECT person, count(*) FROM shop.orders GROUP BY person;
CREATE INDEX counts_person ON shop.counts (person);
CREATE RULE no_delete AS ON DELETE TO shop.scratch DO INSTEAD NOTHING;
CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touch BEFORE UPDATE ON shop.people FOR EACH ROW EXECUTE FUNCTION shop.touch();
CREATE TRIGGER seen AFTER INSERT ON shop.events FOR EACH ROW EXECUTE FUNCTION shop.touch();
ALTER TABLE shop.people ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_row ON shop.people FOR SELECT TO PUBLIC USING (name = CURRENT_USER);
CREATE PUBLICATION news FOR TABLE shop.people WITH (publish = 'insert');
CREATE FUNCTION shop.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION shop.on_ddl();
CREATE ROLE reader;
GRANT SELECT ON shop.people TO reader;
GRANT UPDATE (bio) ON shop.people TO reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO reader;
CREATE OPERATOR FAMILY shop.family USING btree;
CREATE OPERATOR FAMILY shop.hashes USING hash;
CREATE OPERATOR CLASS shop.class FOR TYPE text USING hash FAMILY shop.hashes AS OPERATOR 1 =, FUNCTION 1 hashtext(text);
CREATE CONVERSION shop.conversion FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;
