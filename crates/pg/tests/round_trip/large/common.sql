-- Roles web, clerk and boss are there.
CREATE EXTENSION pg_trgm;
CREATE SCHEMA tools;
COMMENT ON SCHEMA tools IS 'what every department uses';
GRANT USAGE ON SCHEMA tools TO web, clerk;
ALTER DEFAULT PRIVILEGES IN SCHEMA tools GRANT SELECT ON TABLES TO clerk;
CREATE COLLATION tools.by_bytes (provider = libc, locale = 'C');
CREATE DOMAIN tools.address AS text COLLATE tools.by_bytes CONSTRAINT has_at CHECK (VALUE ~ '@');
CREATE TYPE tools.mood AS ENUM ('low', 'it''s fine', 'high');
CREATE TYPE tools.pair AS (first integer, second tools.mood);
CREATE FUNCTION tools.touch() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.changed_at := clock_timestamp(); RETURN NEW; END$$;
CREATE FUNCTION tools.add(a integer, b integer DEFAULT 1) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN a + b;
CREATE AGGREGATE tools.total (integer) (SFUNC = tools.add, STYPE = integer, INITCOND = '0');
CREATE OPERATOR tools.#+# (LEFTARG = integer, RIGHTARG = integer, FUNCTION = tools.add);
CREATE TYPE tools.floats AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
CREATE TEXT SEARCH DICTIONARY tools.plain (TEMPLATE = pg_catalog.simple, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION tools.words (COPY = pg_catalog.simple);
ALTER TEXT SEARCH CONFIGURATION tools.words ALTER MAPPING FOR word WITH tools.plain;
