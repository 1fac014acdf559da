-- pair: comments come on everything
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT a FROM t;
CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1';
CREATE TYPE e AS ENUM ('x');
CREATE SEQUENCE s;
-- to
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT a FROM t;
CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1';
CREATE TYPE e AS ENUM ('x');
CREATE SEQUENCE s;
COMMENT ON TABLE t IS 'table';
COMMENT ON COLUMN t.a IS 'column';
COMMENT ON VIEW v IS 'view';
COMMENT ON COLUMN v.a IS 'column of a view';
COMMENT ON FUNCTION f(integer) IS 'function';
COMMENT ON TYPE e IS 'type';
COMMENT ON SEQUENCE s IS 'sequence';
COMMENT ON SCHEMA {schema} IS 'schema';
-- pair: a comment changes
CREATE TABLE t (a integer);
COMMENT ON TABLE t IS 'one';
-- to
CREATE TABLE t (a integer);
COMMENT ON TABLE t IS 'two''s';
-- pair: privileges come
CREATE TABLE t (a integer, b text);
CREATE SEQUENCE s;
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
CREATE TYPE e AS ENUM ('x');
CREATE DOMAIN d AS integer;
-- to
CREATE TABLE t (a integer, b text);
CREATE SEQUENCE s;
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
CREATE TYPE e AS ENUM ('x');
CREATE DOMAIN d AS integer;
GRANT SELECT, INSERT ON t TO web;
GRANT UPDATE (a), SELECT (a, b) ON t TO clerk WITH GRANT OPTION;
GRANT USAGE ON SEQUENCE s TO web;
REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION f() TO web;
REVOKE ALL ON PROCEDURE p() FROM PUBLIC;
REVOKE ALL ON TYPE e FROM PUBLIC;
GRANT USAGE ON TYPE d TO clerk;
GRANT USAGE ON SCHEMA {schema} TO PUBLIC;
-- pair: privileges change
CREATE TABLE t (a integer);
GRANT SELECT, INSERT ON t TO web;
GRANT SELECT ON t TO clerk;
GRANT ALL ON t TO boss;
-- to
CREATE TABLE t (a integer);
GRANT SELECT, UPDATE ON t TO web;
GRANT SELECT ON t TO boss WITH GRANT OPTION;
GRANT SELECT ON t TO PUBLIC;
-- pair: an owner loses rights of its own
CREATE TABLE t (a integer);
-- to
CREATE TABLE t (a integer);
REVOKE INSERT, DELETE ON t FROM postgres;
-- pair: everybody loses everything
CREATE TABLE t (a integer);
GRANT SELECT ON t TO web;
-- to
CREATE TABLE t (a integer);
REVOKE ALL ON t FROM postgres;
-- pair: new objects with privileges
-- to
CREATE TABLE t (a integer, b integer);
GRANT SELECT ON t TO web;
GRANT UPDATE (b) ON t TO web;
CREATE VIEW v AS SELECT a FROM t;
GRANT SELECT ON v TO clerk;
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
REVOKE ALL ON FUNCTION f() FROM PUBLIC;
-- pair: owners change
CREATE TABLE t (a serial, b integer GENERATED ALWAYS AS IDENTITY);
CREATE VIEW v AS SELECT a FROM t;
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE TYPE e AS ENUM ('x');
CREATE SEQUENCE s;
GRANT SELECT ON t TO web;
-- to
CREATE TABLE t (a serial, b integer GENERATED ALWAYS AS IDENTITY);
CREATE VIEW v AS SELECT a FROM t;
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE TYPE e AS ENUM ('x');
CREATE SEQUENCE s;
GRANT SELECT ON t TO web;
ALTER TABLE t OWNER TO boss;
ALTER VIEW v OWNER TO boss;
ALTER FUNCTION f() OWNER TO boss;
ALTER TYPE e OWNER TO boss;
ALTER SEQUENCE s OWNER TO boss;
-- pair: new objects of another owner
-- to
CREATE TABLE t (a serial PRIMARY KEY);
ALTER TABLE t OWNER TO boss;
GRANT SELECT ON t TO web;
CREATE TYPE e AS ENUM ('x');
ALTER TYPE e OWNER TO boss;
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
ALTER PROCEDURE p() OWNER TO clerk;
-- pair: default privileges of a schema
CREATE TABLE old (a integer);
-- to
CREATE TABLE old (a integer);
CREATE TABLE before (a integer);
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO web;
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT EXECUTE ON FUNCTIONS TO clerk WITH GRANT OPTION;
CREATE TABLE after (a integer);
-- pair: default privileges mark what comes
CREATE TABLE old (a integer);
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT, INSERT ON TABLES TO web;
-- to
CREATE TABLE old (a integer);
CREATE TABLE not_marked (a integer);
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT, INSERT ON TABLES TO web;
CREATE TABLE marked (a integer);
CREATE VIEW seen AS SELECT a FROM marked;
-- pair: default privileges of another role
-- to
ALTER DEFAULT PRIVILEGES FOR ROLE boss IN SCHEMA {schema} GRANT SELECT ON TABLES TO web;
ALTER DEFAULT PRIVILEGES FOR ROLE boss IN SCHEMA {schema} GRANT USAGE ON SEQUENCES TO web;
-- pair: a replaced view keeps what was granted
CREATE TABLE t (a integer, b integer);
CREATE VIEW v AS SELECT a, b FROM t;
GRANT SELECT ON v TO web;
ALTER VIEW v OWNER TO boss;
COMMENT ON VIEW v IS 'v';
COMMENT ON COLUMN v.a IS 'a';
-- to
CREATE TABLE t (a integer, b integer);
CREATE VIEW v AS SELECT b, a FROM t;
GRANT SELECT ON v TO web;
ALTER VIEW v OWNER TO boss;
COMMENT ON VIEW v IS 'v';
COMMENT ON COLUMN v.a IS 'a';
