-- pair: grants of every privilege of a table
CREATE TABLE t (a integer);
-- to
CREATE TABLE t (a integer);
GRANT ALL ON t TO web;
GRANT TRUNCATE, TRIGGER, REFERENCES ON t TO clerk WITH GRANT OPTION;
GRANT DELETE ON t TO PUBLIC;
-- pair: grants on columns come, change and go
CREATE TABLE t (a integer, b integer, c integer);
GRANT SELECT (a, b), INSERT (a) ON t TO web;
GRANT REFERENCES (c) ON t TO clerk;
-- to
CREATE TABLE t (a integer, b integer, c integer);
GRANT SELECT (b, c), UPDATE (a) ON t TO web WITH GRANT OPTION;
-- pair: a grant option goes and the grant stays
CREATE TABLE t (a integer);
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
GRANT SELECT ON t TO web WITH GRANT OPTION;
GRANT EXECUTE ON FUNCTION f() TO web WITH GRANT OPTION;
-- to
CREATE TABLE t (a integer);
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
GRANT SELECT ON t TO web;
GRANT EXECUTE ON FUNCTION f() TO web;
-- pair: a table changes its owner and keeps its grants
CREATE TABLE t (a integer);
GRANT SELECT ON t TO web;
GRANT UPDATE ON t TO boss;
REVOKE INSERT ON t FROM postgres;
-- to
CREATE TABLE t (a integer);
ALTER TABLE t OWNER TO boss;
GRANT SELECT ON t TO web;
-- pair: a replaced table, function and type keep what was granted
CREATE TABLE t (a integer);
CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE TYPE e AS ENUM ('a', 'b');
GRANT SELECT ON t TO web;
GRANT EXECUTE ON FUNCTION f(integer) TO web;
REVOKE ALL ON FUNCTION f(integer) FROM PUBLIC;
ALTER FUNCTION f(integer) OWNER TO boss;
REVOKE ALL ON TYPE e FROM PUBLIC;
COMMENT ON TYPE e IS 'kept';
COMMENT ON FUNCTION f(integer) IS 'kept';
COMMENT ON TABLE t IS 'kept';
-- to
CREATE TABLE t (a integer) PARTITION BY LIST (a);
CREATE FUNCTION f(b integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE TYPE e AS ENUM ('b', 'a');
GRANT SELECT ON t TO web;
GRANT EXECUTE ON FUNCTION f(integer) TO web;
REVOKE ALL ON FUNCTION f(integer) FROM PUBLIC;
ALTER FUNCTION f(integer) OWNER TO boss;
REVOKE ALL ON TYPE e FROM PUBLIC;
COMMENT ON TYPE e IS 'kept';
COMMENT ON FUNCTION f(integer) IS 'kept';
COMMENT ON TABLE t IS 'kept';
-- pair: default privileges of every class
-- to
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT ALL ON TABLES TO web;
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE, SELECT ON SEQUENCES TO web;
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT EXECUTE ON FUNCTIONS TO clerk;
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE ON TYPES TO clerk;
CREATE TABLE t (a serial);
CREATE SEQUENCE s;
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
CREATE TYPE e AS ENUM ('a');
CREATE DOMAIN d AS integer;
CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;
-- pair: default privileges change and go
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO web;
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE ON SEQUENCES TO web, clerk;
-- to
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT INSERT ON TABLES TO web WITH GRANT OPTION;
-- pair: a replaced view in a schema with default privileges
CREATE TABLE t (a integer, b integer);
CREATE VIEW v AS SELECT a, b FROM t;
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO web;
-- to
CREATE TABLE t (a integer, b integer);
CREATE VIEW v AS SELECT b, a FROM t;
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO web;
-- pair: comments on constraints of domains, on rules, policies and statistics go
CREATE DOMAIN d AS integer CONSTRAINT c CHECK (VALUE > 0);
CREATE TABLE t (a integer, b integer, CONSTRAINT k UNIQUE (a));
CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING;
CREATE POLICY p ON t USING (true);
CREATE STATISTICS s ON a, b FROM t;
COMMENT ON CONSTRAINT c ON DOMAIN d IS 'c';
COMMENT ON CONSTRAINT k ON t IS 'k';
COMMENT ON RULE r ON t IS 'r';
COMMENT ON POLICY p ON t IS 'p';
COMMENT ON STATISTICS s IS 's';
-- to
CREATE DOMAIN d AS integer CONSTRAINT c CHECK (VALUE > 0);
CREATE TABLE t (a integer, b integer, CONSTRAINT k UNIQUE (a));
CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING;
CREATE POLICY p ON t USING (true);
CREATE STATISTICS s ON a, b FROM t;
-- pair: comments with quotes, backslashes and lines
-- to
CREATE TABLE t (a integer);
COMMENT ON TABLE t IS E'it''s \\ a "comment"\nof two lines; -- and more';
COMMENT ON COLUMN t.a IS '$$ $x$ %s {name}';
