-- pair: a label comes at the end
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (m mood DEFAULT 'ok');
-- rows
INSERT INTO t VALUES ('sad');
-- to
CREATE TYPE mood AS ENUM ('sad', 'ok', 'glad');
CREATE TABLE t (m mood DEFAULT 'ok');
-- pair: labels come everywhere
CREATE TYPE mood AS ENUM ('b', 'd');
-- to
CREATE TYPE mood AS ENUM ('a', 'b', 'c', 'c2', 'd', 'e', 'it''s, "odd"');
-- pair: a new label is used at once
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (m mood DEFAULT 'ok');
-- rows
INSERT INTO t VALUES ('sad');
-- to
CREATE TYPE mood AS ENUM ('sad', 'ok', 'thrilled');
CREATE TABLE t (m mood DEFAULT 'thrilled', CHECK (m <> 'thrilled'));
CREATE VIEW v AS SELECT * FROM t WHERE m = 'thrilled';
CREATE INDEX t_m ON t (m) WHERE m = 'thrilled';
-- pair: a label moves under a view, an index and a check
CREATE TYPE mood AS ENUM ('sad', 'ok', 'glad');
CREATE TABLE t (m mood NOT NULL DEFAULT 'ok', ms mood[] DEFAULT '{sad}', CHECK (m <> 'glad'));
CREATE INDEX t_m ON t (m) WHERE m > 'sad';
CREATE VIEW v AS SELECT m, count(*) FROM t GROUP BY m;
CREATE FUNCTION f(m mood) RETURNS mood LANGUAGE sql AS 'SELECT $1';
-- rows
INSERT INTO t VALUES ('sad', '{ok,glad}');
-- to
CREATE TYPE mood AS ENUM ('glad', 'sad', 'ok');
CREATE TABLE t (m mood NOT NULL DEFAULT 'ok', ms mood[] DEFAULT '{sad}', CHECK (m <> 'glad'));
CREATE INDEX t_m ON t (m) WHERE m > 'sad';
CREATE VIEW v AS SELECT m, count(*) FROM t GROUP BY m;
CREATE FUNCTION f(m mood) RETURNS mood LANGUAGE sql AS 'SELECT $1';
-- pair: a text becomes an enum
CREATE TABLE t (id integer, m text DEFAULT 'a');
-- rows
INSERT INTO t VALUES (1, 'b');
-- to
CREATE TYPE letter AS ENUM ('a', 'b');
CREATE TABLE t (id integer, m letter DEFAULT 'a');
-- pair: a domain comes with checks
CREATE TABLE t (a text);
-- to
CREATE DOMAIN email AS text COLLATE "C" DEFAULT 'x@y' NOT NULL CONSTRAINT has_at CHECK (VALUE LIKE '%@%') CHECK (VALUE <> '');
COMMENT ON DOMAIN email IS 'where to';
COMMENT ON CONSTRAINT has_at ON DOMAIN email IS 'at';
CREATE TABLE t (a text, b email);
-- pair: a domain changes
CREATE DOMAIN d AS integer DEFAULT 1 CONSTRAINT small CHECK (VALUE < 10);
CREATE TABLE t (a d);
-- rows
INSERT INTO t VALUES (3);
-- to
CREATE DOMAIN d AS integer DEFAULT 2 NOT NULL CONSTRAINT small CHECK (VALUE < 100) CONSTRAINT positive CHECK (VALUE > 0);
CREATE TABLE t (a d);
-- pair: a domain gets another type
CREATE DOMAIN d AS integer;
CREATE TABLE t (id integer, a d DEFAULT 4);
CREATE VIEW v AS SELECT a FROM t;
-- rows
INSERT INTO t VALUES (1, 3);
-- to
CREATE DOMAIN d AS bigint;
CREATE TABLE t (id integer, a d DEFAULT 4);
CREATE VIEW v AS SELECT a FROM t;
-- pair: a composite type comes
-- to
CREATE TYPE point3 AS (x integer, y numeric(4,1), "Z z" text COLLATE "C");
CREATE TYPE holder AS (p point3, ps point3[]);
-- pair: a composite type changes
CREATE TYPE pair AS (a integer, b text);
-- to
CREATE TYPE pair AS (a bigint, b text, c date);
-- pair: a range comes
-- since: 14
-- to
CREATE TYPE span AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE TABLE t (s span, m int4multirange);
-- pair: types need each other in a chain
-- to
CREATE TYPE e AS ENUM ('x');
CREATE DOMAIN d AS e DEFAULT 'x';
CREATE TYPE c AS (d d, es e[]);
CREATE TABLE t (c c);
CREATE FUNCTION f(c) RETURNS t LANGUAGE sql AS 'SELECT ROW($1)::t';
-- pair: a type of a column goes
CREATE TYPE e AS ENUM ('x');
CREATE TABLE t (id integer, a e);
-- rows
INSERT INTO t VALUES (1, 'x');
-- to
CREATE TABLE t (id integer, a text);
-- pair: a sequence comes
-- to
CREATE SEQUENCE s AS integer START 5 INCREMENT 5 MINVALUE 5 MAXVALUE 500 CACHE 10 CYCLE;
CREATE SEQUENCE down INCREMENT -1;
CREATE SEQUENCE usual;
-- pair: a sequence changes
CREATE SEQUENCE s;
CREATE SEQUENCE r AS smallint CYCLE;
-- to
CREATE SEQUENCE s INCREMENT 2 MAXVALUE 1000 CACHE 4 CYCLE;
CREATE SEQUENCE r AS integer;
-- pair: a sequence gets an owner
CREATE SEQUENCE s;
CREATE TABLE t (a integer DEFAULT nextval('s'));
-- to
CREATE TABLE t (a integer);
CREATE SEQUENCE s OWNED BY t.a;
ALTER TABLE t ALTER COLUMN a SET DEFAULT nextval('s');
-- pair: a sequence of several tables
CREATE TABLE t (a integer);
-- to
CREATE SEQUENCE shared;
CREATE TABLE t (a integer DEFAULT nextval('shared'));
CREATE TABLE u (a integer DEFAULT nextval('shared'));
-- pair: a table with a serial goes
CREATE TABLE t (id serial PRIMARY KEY);
CREATE TABLE u (id bigint GENERATED ALWAYS AS IDENTITY, b bigserial);
-- to
-- pair: a collation
CREATE TABLE t (a text);
-- to
CREATE COLLATION by_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE t (a text, b text COLLATE by_case);
CREATE INDEX t_b ON t (b);
-- pair: an operator and its function
-- to
CREATE FUNCTION near(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT abs($1 - $2) < 3';
CREATE OPERATOR ~~~ (FUNCTION = near, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = ~~~, RESTRICT = eqsel, JOIN = eqjoinsel);
-- pair: casts
-- to
CREATE TYPE a AS (x integer);
CREATE FUNCTION to_int(a) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT ($1).x';
CREATE CAST (a AS integer) WITH FUNCTION to_int(a) AS ASSIGNMENT;
CREATE CAST (a AS text) WITH INOUT AS IMPLICIT;
-- pair: text search
-- to
CREATE TEXT SEARCH DICTIONARY plain (TEMPLATE = simple, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION words ALTER MAPPING FOR asciiword WITH plain, english_stem;
