-- pair: a column in the middle goes and another of its name and another type comes at the end
CREATE TABLE t (a integer, b text, c date);
-- rows
INSERT INTO t VALUES (1, '7', '2024-01-01');
-- to
CREATE TABLE t (a integer, c date, b integer);
-- pair: the last column goes and none is left
CREATE TABLE t (a integer);
-- rows
INSERT INTO t VALUES (1);
-- to
CREATE TABLE t ();
-- pair: precision of numbers, times and bits
CREATE TABLE t (id integer, a numeric(5,1), b timestamp(0), c bit varying(4), d interval, e time);
-- rows
INSERT INTO t VALUES (1, 12.3, '2024-01-01 10:00', B'101', '1 day', '10:00');
-- to
CREATE TABLE t (id integer, a numeric(8,3), b timestamp(3), c bit varying(8), d interval day to second, e time with time zone);
-- pair: a number becomes a text and a text a uuid
CREATE TABLE t (id integer, a bigint NOT NULL, b text);
-- rows
INSERT INTO t VALUES (1, 77, '11111111-2222-3333-4444-555555555555');
-- to
CREATE TABLE t (id integer, a varchar(30) NOT NULL, b uuid);
-- pair: a whole number becomes money and bytes become longer words
CREATE TABLE t (id integer, a integer, b "char", c name);
-- rows
INSERT INTO t VALUES (1, 5, 'x', 'n');
-- to
CREATE TABLE t (id integer, a numeric, b text, c varchar);
-- pair: a date becomes a time stamp under an index with an expression
CREATE TABLE t (id integer, a date);
CREATE INDEX t_year ON t (date_part('year', a));
-- rows
INSERT INTO t VALUES (1, '2024-05-06');
-- to
CREATE TABLE t (id integer, a timestamp);
CREATE INDEX t_year ON t (date_part('year', a));
-- pair: an array of texts becomes an array of numbers
CREATE TABLE t (id integer, a text[] NOT NULL DEFAULT '{}', b integer);
-- rows
INSERT INTO t VALUES (1, '{1,22}', 4);
-- to
CREATE TABLE t (id integer, a integer[] NOT NULL DEFAULT '{}', b integer);
-- pair: a type changes under a check, a key and a foreign key of the table itself
CREATE TABLE t (id integer PRIMARY KEY CHECK (id > 0), up integer REFERENCES t (id));
-- rows
INSERT INTO t VALUES (1, NULL), (2, 1);
-- to
CREATE TABLE t (id bigint PRIMARY KEY CHECK (id > 0), up bigint REFERENCES t (id));
-- pair: a type changes under a unique constraint and an exclusion
CREATE TABLE t (a integer, b int4range, UNIQUE (a), EXCLUDE USING gist (b WITH &&));
-- rows
INSERT INTO t VALUES (1, '[1,5)');
-- to
CREATE TABLE t (a bigint, b int8range, UNIQUE (a), EXCLUDE USING gist (b WITH &&));
-- pair: not null, a default and a type come at once
CREATE TABLE t (id integer, a text);
-- rows
INSERT INTO t VALUES (1, '5');
-- to
CREATE TABLE t (id integer, a integer NOT NULL DEFAULT 5);
-- pair: not null goes from several columns
CREATE TABLE t (a integer NOT NULL, b text NOT NULL DEFAULT 'x', c integer PRIMARY KEY);
-- rows
INSERT INTO t VALUES (1, 'y', 2);
-- to
CREATE TABLE t (a integer, b text DEFAULT 'x', c integer);
-- pair: not null where a check of that name stands already
CREATE TABLE t (a integer, CONSTRAINT t_a_not_null CHECK (a > 0));
-- rows
INSERT INTO t VALUES (1);
-- to
CREATE TABLE t (a integer NOT NULL, CONSTRAINT t_a_not_null CHECK (a > 0));
-- pair: defaults of many types
CREATE TABLE t (a integer, b text, c timestamptz, d jsonb, e text[], f boolean, g uuid, h numeric);
-- to
CREATE TABLE t (a integer DEFAULT -1, b text DEFAULT E'a\\b\n''c''', c timestamptz DEFAULT CURRENT_TIMESTAMP, d jsonb DEFAULT '{"a": [1, 2]}', e text[] DEFAULT ARRAY['x', 'y, z'], f boolean DEFAULT (NOT false), g uuid DEFAULT gen_random_uuid(), h numeric DEFAULT 1.50);
-- pair: a default with a cast to a type of its own
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (a text DEFAULT 'sad');
-- to
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (a text DEFAULT ('ok'::mood)::text);
-- pair: a column with a check, an index and a comment comes
CREATE TABLE t (a integer);
-- rows
INSERT INTO t VALUES (1);
-- to
CREATE TABLE t (a integer, b integer DEFAULT 3 CONSTRAINT small CHECK (b < 10), c text COLLATE "C");
CREATE INDEX t_b ON t (b, c);
COMMENT ON COLUMN t.b IS 'new';
COMMENT ON COLUMN t.c IS 'newer';
-- pair: columns come that refer to other tables and to the table itself
CREATE TABLE p (id integer PRIMARY KEY);
CREATE TABLE t (id integer PRIMARY KEY);
-- rows
INSERT INTO t VALUES (1);
-- to
CREATE TABLE p (id integer PRIMARY KEY);
CREATE TABLE t (id integer PRIMARY KEY, p integer REFERENCES p, up integer REFERENCES t ON DELETE CASCADE);
-- pair: a generated column goes
CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a * 2) STORED, c integer GENERATED ALWAYS AS (a * 3) STORED UNIQUE);
-- rows
INSERT INTO t VALUES (1);
-- to
CREATE TABLE t (a integer);
-- pair: an ordinary column becomes a generated one
CREATE TABLE t (a integer, b integer);
CREATE INDEX t_b ON t (b);
CREATE VIEW v AS SELECT b FROM t;
-- rows
INSERT INTO t VALUES (1, 2);
-- to
CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a * 2) STORED);
CREATE INDEX t_b ON t (b);
CREATE VIEW v AS SELECT b FROM t;
-- pair: a generated column gets another type
CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a * 2) STORED);
-- rows
INSERT INTO t VALUES (1);
-- to
CREATE TABLE t (a integer, b bigint GENERATED ALWAYS AS ((a * 2)::bigint) STORED);
-- pair: a generated column stands on a function that changes
CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (f(a)) STORED);
-- rows
INSERT INTO t VALUES (1);
-- to
CREATE FUNCTION f(renamed integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (f(a)) STORED);
-- pair: a column that two generated ones are made of goes
CREATE TABLE t (a integer, x integer, b integer GENERATED ALWAYS AS (x + 1) STORED, c text GENERATED ALWAYS AS (x::text) STORED);
-- rows
INSERT INTO t VALUES (1, 5);
-- to
CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a + 1) STORED, c text);
-- pair: storage and options go back to what is usual
CREATE TABLE t (a text, b bytea, c integer);
ALTER TABLE t ALTER COLUMN a SET STORAGE MAIN, ALTER COLUMN b SET STORAGE EXTERNAL, ALTER COLUMN c SET STATISTICS 0;
ALTER TABLE t ALTER COLUMN c SET (n_distinct = -0.5, n_distinct_inherited = 3);
-- to
CREATE TABLE t (a text, b bytea, c integer);
ALTER TABLE t ALTER COLUMN c SET (n_distinct_inherited = 3);
-- pair: compression of a column
-- since: 14
CREATE TABLE t (a text, b text);
ALTER TABLE t ALTER COLUMN b SET COMPRESSION pglz;
-- to
CREATE TABLE t (a text, b text);
ALTER TABLE t ALTER COLUMN a SET COMPRESSION pglz;
-- pair: a column changes its type and keeps its storage and statistics
CREATE TABLE t (a varchar(10), b text);
ALTER TABLE t ALTER COLUMN a SET STORAGE EXTERNAL, ALTER COLUMN a SET STATISTICS 50;
COMMENT ON COLUMN t.a IS 'kept';
GRANT SELECT (a) ON t TO web;
-- rows
INSERT INTO t VALUES ('x', 'y');
-- to
CREATE TABLE t (a text, b text);
ALTER TABLE t ALTER COLUMN a SET STORAGE EXTERNAL, ALTER COLUMN a SET STATISTICS 50;
COMMENT ON COLUMN t.a IS 'kept';
GRANT SELECT (a) ON t TO web;
-- pair: a text column becomes a number and its storage goes
CREATE TABLE t (id integer, a text);
ALTER TABLE t ALTER COLUMN a SET STORAGE EXTERNAL;
-- rows
INSERT INTO t VALUES (1, '4');
-- to
CREATE TABLE t (id integer, a integer);
-- pair: a table starts being logged
CREATE UNLOGGED TABLE t (a serial PRIMARY KEY, b text);
-- rows
INSERT INTO t (b) VALUES ('x');
-- to
CREATE TABLE t (a serial PRIMARY KEY, b text);
-- pair: unlogged tables that refer to each other start being logged
CREATE UNLOGGED TABLE p (a integer PRIMARY KEY);
CREATE UNLOGGED TABLE c (a integer REFERENCES p);
-- to
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE c (a integer REFERENCES p);
-- pair: a table of a type becomes one of its own
CREATE TYPE person AS (id integer, name text);
CREATE TABLE people OF person (id WITH OPTIONS PRIMARY KEY);
-- rows
INSERT INTO people VALUES (1, 'x');
-- to
CREATE TYPE person AS (id integer, name text);
CREATE TABLE people (id integer PRIMARY KEY, name text);
-- pair: the type of a typed table grows
CREATE TYPE person AS (id integer, name text);
CREATE TABLE people OF person;
-- rows
INSERT INTO people VALUES (1, 'x');
-- to
CREATE TYPE person AS (id integer, name text, born date);
CREATE TABLE people OF person;
-- pair: a view reads a whole row of a table that loses a column
CREATE TABLE t (a integer, b text);
CREATE VIEW v AS SELECT t AS whole, a FROM t;
-- rows
INSERT INTO t VALUES (1, 'x');
-- to
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT t AS whole, a FROM t;
-- pair: a column of the row type of another table
CREATE TABLE one (a integer, b text);
-- to
CREATE TABLE one (a integer, b text);
CREATE TABLE two (id integer, o one, os one[]);
