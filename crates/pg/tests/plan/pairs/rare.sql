-- pair: a dictionary and a configuration change
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION c (PARSER = "default");
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR asciiword, word WITH d;
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR int WITH simple;
-- to
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, ACCEPT = false);
CREATE TEXT SEARCH CONFIGURATION c (PARSER = "default");
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR asciiword WITH english_stem, d;
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR hword WITH simple;
-- pair: a configuration under an index and a generated column changes
CREATE TEXT SEARCH CONFIGURATION c (COPY = english);
CREATE TABLE t (a text);
CREATE INDEX i ON t USING gin (to_tsvector('c'::regconfig, a));
-- rows
INSERT INTO t VALUES ('the dogs');
-- to
CREATE TEXT SEARCH CONFIGURATION c (COPY = simple);
CREATE TABLE t (a text);
CREATE INDEX i ON t USING gin (to_tsvector('c'::regconfig, a));
-- pair: comments and owners of text search
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple);
CREATE TEXT SEARCH CONFIGURATION c (COPY = simple);
-- to
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple);
CREATE TEXT SEARCH CONFIGURATION c (COPY = simple);
COMMENT ON TEXT SEARCH DICTIONARY d IS 'd';
COMMENT ON TEXT SEARCH CONFIGURATION c IS 'c';
ALTER TEXT SEARCH DICTIONARY d OWNER TO boss;
ALTER TEXT SEARCH CONFIGURATION c OWNER TO boss;
-- pair: operators that stand for each other
-- to
CREATE FUNCTION lt(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 < $2';
CREATE FUNCTION ge(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 >= $2';
CREATE OPERATOR <<< (FUNCTION = lt, LEFTARG = text, RIGHTARG = text, COMMUTATOR = >>>, NEGATOR = >>=);
CREATE OPERATOR >>> (FUNCTION = ge, LEFTARG = text, RIGHTARG = text, COMMUTATOR = <<<);
CREATE OPERATOR >>= (FUNCTION = ge, LEFTARG = text, RIGHTARG = text, NEGATOR = <<<);
-- pair: an operator in front
-- to
CREATE FUNCTION not_it(integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = 0';
CREATE OPERATOR !!! (FUNCTION = not_it, RIGHTARG = integer);
COMMENT ON OPERATOR !!! (NONE, integer) IS 'in front';
-- pair: an operator changes and gets an owner and a comment
CREATE FUNCTION lt(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 < $2';
CREATE OPERATOR <<< (FUNCTION = lt, LEFTARG = text, RIGHTARG = text);
CREATE VIEW v AS SELECT 'a'::text OPERATOR({schema}.<<<) 'b'::text AS x;
-- to
CREATE FUNCTION lt(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 < $2';
CREATE OPERATOR <<< (FUNCTION = lt, LEFTARG = text, RIGHTARG = text, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
ALTER OPERATOR <<< (text, text) OWNER TO boss;
COMMENT ON OPERATOR <<< (text, text) IS 'less';
CREATE VIEW v AS SELECT 'a'::text OPERATOR({schema}.<<<) 'b'::text AS x;
-- pair: an operator under an index and a check
-- to
CREATE FUNCTION plus(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
CREATE OPERATOR |+| (FUNCTION = plus, LEFTARG = integer, RIGHTARG = integer);
CREATE TABLE t (a integer CHECK (a OPERATOR({schema}.|+|) 1 > 0), b integer DEFAULT 1 OPERATOR({schema}.|+|) 2);
CREATE INDEX i ON t ((a OPERATOR({schema}.|+|) 1));
-- pair: an operator class with its family comes
-- to
CREATE FUNCTION cmp(text, text) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT bttextcmp($1, $2)';
CREATE OPERATOR FAMILY fam USING btree;
CREATE OPERATOR CLASS cls FOR TYPE text USING btree FAMILY fam AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 cmp(text, text);
CREATE TABLE t (a text);
CREATE INDEX i ON t (a cls);
COMMENT ON OPERATOR CLASS cls USING btree IS 'a class';
COMMENT ON OPERATOR FAMILY fam USING btree IS 'a family';
-- pair: an operator class makes its family itself
-- to
CREATE FUNCTION h(text) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT hashtext($1)';
CREATE OPERATOR CLASS cls FOR TYPE text USING hash AS OPERATOR 1 =, FUNCTION 1 h(text);
ALTER OPERATOR CLASS cls USING hash OWNER TO boss;
-- pair: an operator class changes under an index
CREATE FUNCTION cmp(text, text) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT bttextcmp($1, $2)';
CREATE OPERATOR FAMILY fam USING btree;
CREATE OPERATOR CLASS cls FOR TYPE text USING btree FAMILY fam AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 cmp(text, text);
CREATE TABLE t (a text);
CREATE INDEX i ON t (a cls);
-- rows
INSERT INTO t VALUES ('x');
-- to
CREATE OPERATOR FAMILY fam USING btree;
CREATE OPERATOR CLASS cls FOR TYPE text USING btree FAMILY fam AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 bttextcmp(text, text);
CREATE TABLE t (a text);
CREATE INDEX i ON t (a cls);
-- pair: a family with members of two types
-- to
CREATE OPERATOR FAMILY fam USING btree;
CREATE OPERATOR CLASS c4 FOR TYPE integer USING btree FAMILY fam AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(integer, integer);
ALTER OPERATOR FAMILY fam USING btree ADD OPERATOR 1 < (integer, bigint), OPERATOR 3 = (integer, bigint), FUNCTION 1 (integer, bigint) btint48cmp(integer, bigint);
-- pair: casts change
CREATE TYPE a AS (x integer);
CREATE FUNCTION to_int(a) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT ($1).x';
CREATE CAST (a AS integer) WITH FUNCTION to_int(a);
CREATE CAST (a AS text) WITH INOUT;
COMMENT ON CAST (a AS integer) IS 'kept';
-- to
CREATE TYPE a AS (x integer);
CREATE FUNCTION to_int(a) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT ($1).x';
CREATE CAST (a AS integer) WITH FUNCTION to_int(a) AS ASSIGNMENT;
COMMENT ON CAST (a AS integer) IS 'kept';
-- pair: a cast under a view
CREATE TYPE a AS (x integer);
-- to
CREATE TYPE a AS (x integer);
CREATE FUNCTION to_int(a) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT ($1).x';
CREATE CAST (a AS integer) WITH FUNCTION to_int(a);
CREATE VIEW v AS SELECT ROW(1)::a::integer AS x;
CREATE TABLE t (y integer DEFAULT ROW(1)::a::integer);
-- pair: collations change and get owners and comments
CREATE COLLATION c (provider = icu, locale = 'de');
CREATE COLLATION d (locale = 'C');
-- to
CREATE COLLATION c (provider = icu, locale = 'de', deterministic = false);
CREATE COLLATION d (lc_collate = 'C', lc_ctype = 'POSIX');
COMMENT ON COLLATION c IS 'c';
ALTER COLLATION d OWNER TO boss;
-- pair: a collation in a domain, a composite, a range and a key
-- to
CREATE COLLATION c (provider = icu, locale = 'de');
CREATE DOMAIN d AS text COLLATE c;
CREATE TYPE pair AS (a text COLLATE c);
CREATE TYPE r AS RANGE (subtype = text, collation = c);
CREATE TABLE t (a text COLLATE c PRIMARY KEY, b d, c text, CHECK (c COLLATE c > 'a')) ;
CREATE TABLE p (a text) PARTITION BY RANGE (a COLLATE c);
CREATE INDEX i ON t (c COLLATE c);
-- pair: publications change
CREATE TABLE t (a integer PRIMARY KEY, b text);
CREATE TABLE s (a integer PRIMARY KEY);
CREATE PUBLICATION {schema}_p FOR TABLE t;
COMMENT ON PUBLICATION {schema}_p IS 'kept';
CREATE PUBLICATION {schema}_q FOR TABLE t, s WITH (publish = 'insert');
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text);
CREATE TABLE s (a integer PRIMARY KEY);
CREATE PUBLICATION {schema}_p FOR TABLE s WITH (publish_via_partition_root = true);
COMMENT ON PUBLICATION {schema}_p IS 'kept';
CREATE PUBLICATION {schema}_q FOR TABLE t, s WITH (publish = 'insert, delete, truncate');
ALTER PUBLICATION {schema}_q OWNER TO boss;
-- pair: publications of schemas, with filters and columns
-- since: 15
CREATE TABLE t (a integer PRIMARY KEY, b text, c integer);
CREATE PUBLICATION {schema}_p FOR TABLES IN SCHEMA {schema};
CREATE PUBLICATION {schema}_q FOR TABLE t (a, b) WHERE (a > 1);
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, c integer);
CREATE SCHEMA {schema}_extra;
CREATE PUBLICATION {schema}_p FOR TABLES IN SCHEMA {schema}, {schema}_extra;
CREATE PUBLICATION {schema}_q FOR TABLE t (c, a) WHERE (a > 2);
-- pair: columns that publications name change
-- since: 15
CREATE TABLE t (a integer PRIMARY KEY, b integer, c integer);
CREATE PUBLICATION {schema}_p FOR TABLE t (a, b) WHERE (b > 1) WITH (publish = 'insert');
-- rows
INSERT INTO t VALUES (1, 2, 3);
-- to
CREATE TABLE t (a integer PRIMARY KEY, b bigint);
CREATE PUBLICATION {schema}_p FOR TABLE t (a, b) WHERE (b > 1) WITH (publish = 'insert');
-- pair: a publication of everything
-- to
CREATE PUBLICATION {schema}_all FOR ALL TABLES;
-- pair: a table with an access method of its own
-- to
CREATE TABLE t (a integer) USING heap;
CREATE MATERIALIZED VIEW m USING heap AS SELECT 1 AS a;
