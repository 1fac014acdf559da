-- pair: a wrapper, a server, mappings and a foreign table come
-- to
CREATE FOREIGN DATA WRAPPER {schema}_w OPTIONS (debug 'true', "Odd name" 'it''s, "x"');
CREATE SERVER {schema}_s TYPE 'kind' VERSION '1.2' FOREIGN DATA WRAPPER {schema}_w OPTIONS (host 'here', port '5432');
CREATE USER MAPPING FOR web SERVER {schema}_s OPTIONS ("user" 'reader');
CREATE USER MAPPING FOR PUBLIC SERVER {schema}_s;
CREATE FOREIGN TABLE f (a integer OPTIONS (column_name 'A a') NOT NULL, b text DEFAULT 'x' COLLATE "C", CHECK (a > 0)) SERVER {schema}_s OPTIONS (schema_name 'public', table_name 'There');
CREATE VIEW v AS SELECT a FROM f;
-- pair: options of a wrapper change
CREATE FOREIGN DATA WRAPPER {schema}_w OPTIONS (a '1', b '2');
-- to
CREATE FOREIGN DATA WRAPPER {schema}_w OPTIONS (b '3', c '4') ;
-- pair: a wrapper gets a validator
CREATE FOREIGN DATA WRAPPER {schema}_w;
CREATE SERVER {schema}_s FOREIGN DATA WRAPPER {schema}_w;
-- to
CREATE FOREIGN DATA WRAPPER {schema}_w VALIDATOR postgresql_fdw_validator;
CREATE SERVER {schema}_s FOREIGN DATA WRAPPER {schema}_w;
-- pair: options and version of a server change under its tables
CREATE FOREIGN DATA WRAPPER {schema}_w;
CREATE SERVER {schema}_s VERSION '1' FOREIGN DATA WRAPPER {schema}_w OPTIONS (host 'old', port '1');
CREATE FOREIGN TABLE f (a integer) SERVER {schema}_s;
-- to
CREATE FOREIGN DATA WRAPPER {schema}_w;
CREATE SERVER {schema}_s VERSION '2' FOREIGN DATA WRAPPER {schema}_w OPTIONS (host 'new', dbname 'd');
CREATE FOREIGN TABLE f (a integer) SERVER {schema}_s;
-- pair: the type of a server changes
CREATE FOREIGN DATA WRAPPER {schema}_w;
CREATE SERVER {schema}_s TYPE 'one' FOREIGN DATA WRAPPER {schema}_w;
CREATE USER MAPPING FOR web SERVER {schema}_s OPTIONS ("user" 'x');
CREATE FOREIGN TABLE f (a integer) SERVER {schema}_s;
GRANT SELECT ON f TO web;
-- to
CREATE FOREIGN DATA WRAPPER {schema}_w;
CREATE SERVER {schema}_s TYPE 'two' FOREIGN DATA WRAPPER {schema}_w;
CREATE USER MAPPING FOR web SERVER {schema}_s OPTIONS ("user" 'x');
CREATE FOREIGN TABLE f (a integer) SERVER {schema}_s;
GRANT SELECT ON f TO web;
-- pair: owners, grants and comments of wrappers and servers
CREATE FOREIGN DATA WRAPPER {schema}_w;
CREATE SERVER {schema}_s FOREIGN DATA WRAPPER {schema}_w;
CREATE FOREIGN TABLE f (a integer) SERVER {schema}_s;
-- to
CREATE FOREIGN DATA WRAPPER {schema}_w;
CREATE SERVER {schema}_s FOREIGN DATA WRAPPER {schema}_w;
CREATE FOREIGN TABLE f (a integer) SERVER {schema}_s;
COMMENT ON FOREIGN DATA WRAPPER {schema}_w IS 'w';
COMMENT ON SERVER {schema}_s IS 's';
COMMENT ON FOREIGN TABLE f IS 'f';
COMMENT ON COLUMN f.a IS 'a';
GRANT USAGE ON FOREIGN DATA WRAPPER {schema}_w TO boss;
GRANT USAGE ON FOREIGN SERVER {schema}_s TO web WITH GRANT OPTION;
ALTER SERVER {schema}_s OWNER TO boss;
ALTER FOREIGN TABLE f OWNER TO boss;
-- pair: user mappings change
CREATE FOREIGN DATA WRAPPER {schema}_w;
CREATE SERVER {schema}_s FOREIGN DATA WRAPPER {schema}_w;
CREATE USER MAPPING FOR web SERVER {schema}_s OPTIONS ("user" 'x', a '1');
CREATE USER MAPPING FOR clerk SERVER {schema}_s;
-- to
CREATE FOREIGN DATA WRAPPER {schema}_w;
CREATE SERVER {schema}_s FOREIGN DATA WRAPPER {schema}_w;
CREATE USER MAPPING FOR web SERVER {schema}_s OPTIONS ("user" 'y', b '1');
CREATE USER MAPPING FOR PUBLIC SERVER {schema}_s OPTIONS ("user" 'nobody');
-- pair: columns and options of a foreign table change
CREATE FOREIGN DATA WRAPPER {schema}_w;
CREATE SERVER {schema}_s FOREIGN DATA WRAPPER {schema}_w;
CREATE FOREIGN TABLE f (a integer OPTIONS (c '1'), b text, gone integer) SERVER {schema}_s OPTIONS (t '1', u '2');
-- to
CREATE FOREIGN DATA WRAPPER {schema}_w;
CREATE SERVER {schema}_s FOREIGN DATA WRAPPER {schema}_w;
CREATE FOREIGN TABLE f (a bigint OPTIONS (c '2', d '3') NOT NULL, b text DEFAULT 'x', come date OPTIONS (c 'x')) SERVER {schema}_s OPTIONS (t '9');
-- pair: checks, triggers and statistics of a foreign table
CREATE FOREIGN DATA WRAPPER {schema}_w;
CREATE SERVER {schema}_s FOREIGN DATA WRAPPER {schema}_w;
CREATE FOREIGN TABLE f (a integer, b integer) SERVER {schema}_s;
-- to
CREATE FOREIGN DATA WRAPPER {schema}_w;
CREATE SERVER {schema}_s FOREIGN DATA WRAPPER {schema}_w;
CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FOREIGN TABLE f (a integer, b integer, CONSTRAINT c CHECK (a > 0)) SERVER {schema}_s;
ALTER FOREIGN TABLE f ALTER COLUMN b SET STATISTICS 10;
CREATE TRIGGER tr BEFORE INSERT ON f FOR EACH ROW EXECUTE FUNCTION g();
CREATE STATISTICS st ON a, b FROM f;
-- pair: a foreign table goes to another server
CREATE FOREIGN DATA WRAPPER {schema}_w;
CREATE SERVER {schema}_s FOREIGN DATA WRAPPER {schema}_w;
CREATE SERVER {schema}_r FOREIGN DATA WRAPPER {schema}_w;
CREATE FOREIGN TABLE f (a integer) SERVER {schema}_s;
CREATE VIEW v AS SELECT a FROM f;
-- to
CREATE FOREIGN DATA WRAPPER {schema}_w;
CREATE SERVER {schema}_s FOREIGN DATA WRAPPER {schema}_w;
CREATE SERVER {schema}_r FOREIGN DATA WRAPPER {schema}_w;
CREATE FOREIGN TABLE f (a integer) SERVER {schema}_r;
CREATE VIEW v AS SELECT a FROM f;
-- pair: a foreign table becomes a table
CREATE FOREIGN DATA WRAPPER {schema}_w;
CREATE SERVER {schema}_s FOREIGN DATA WRAPPER {schema}_w;
CREATE FOREIGN TABLE f (a integer, b text OPTIONS (x '1')) SERVER {schema}_s OPTIONS (y '2');
-- to
CREATE FOREIGN DATA WRAPPER {schema}_w;
CREATE SERVER {schema}_s FOREIGN DATA WRAPPER {schema}_w;
CREATE TABLE f (a integer, b text);
-- pair: foreign tables that are partitions and children
-- to
CREATE FOREIGN DATA WRAPPER {schema}_w;
CREATE SERVER {schema}_s FOREIGN DATA WRAPPER {schema}_w;
CREATE TABLE t (a integer, b text) PARTITION BY LIST (a);
CREATE FOREIGN TABLE t_1 PARTITION OF t FOR VALUES IN (1) SERVER {schema}_s OPTIONS (o '1');
CREATE TABLE p (a integer);
CREATE FOREIGN TABLE c (b text) INHERITS (p) SERVER {schema}_s;
-- pair: a foreign table leaves its partitioned table
CREATE FOREIGN DATA WRAPPER {schema}_w;
CREATE SERVER {schema}_s FOREIGN DATA WRAPPER {schema}_w;
CREATE TABLE t (a integer, b text) PARTITION BY LIST (a);
CREATE FOREIGN TABLE t_1 PARTITION OF t FOR VALUES IN (1) SERVER {schema}_s;
-- to
CREATE FOREIGN DATA WRAPPER {schema}_w;
CREATE SERVER {schema}_s FOREIGN DATA WRAPPER {schema}_w;
CREATE TABLE t (a integer, b text) PARTITION BY LIST (a);
CREATE FOREIGN TABLE t_1 (a integer, b text) SERVER {schema}_s;
-- pair: everything foreign goes
CREATE FOREIGN DATA WRAPPER {schema}_w OPTIONS (a '1');
CREATE SERVER {schema}_s FOREIGN DATA WRAPPER {schema}_w OPTIONS (host 'x');
CREATE USER MAPPING FOR web SERVER {schema}_s OPTIONS ("user" 'x');
CREATE FOREIGN TABLE f (a integer) SERVER {schema}_s OPTIONS (x 'y');
-- to
CREATE TABLE here (a integer);
