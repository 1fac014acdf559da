-- pair: an index becomes unique
CREATE TABLE t (a integer);
CREATE INDEX i ON t (a);
-- rows
INSERT INTO t VALUES (1);
-- to
CREATE TABLE t (a integer);
CREATE UNIQUE INDEX i ON t (a);
-- pair: an index changes and keeps its comment, statistics and place
CREATE TABLE t (a integer, b integer);
CREATE INDEX i ON t ((a + 1));
COMMENT ON INDEX i IS 'kept';
ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 77;
ALTER TABLE t CLUSTER ON i;
-- rows
INSERT INTO t VALUES (1, 2);
-- to
CREATE TABLE t (a integer, b integer);
CREATE INDEX i ON t ((a + 1), b);
COMMENT ON INDEX i IS 'kept';
ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 77;
ALTER TABLE t CLUSTER ON i;
-- pair: an index changes its method, its order and its condition
CREATE TABLE t (a integer, b text, c tsvector);
CREATE INDEX i ON t (a);
CREATE INDEX j ON t (b);
CREATE INDEX k ON t USING gin (c);
-- rows
INSERT INTO t VALUES (1, 'x', 'a b');
-- to
CREATE TABLE t (a integer, b text, c tsvector);
CREATE INDEX i ON t USING hash (a);
CREATE INDEX j ON t (b DESC) WHERE b <> '';
CREATE INDEX k ON t USING gist (c);
-- pair: an index that a foreign key stands on changes
CREATE TABLE p (a integer, b integer);
CREATE UNIQUE INDEX u ON p (a);
CREATE TABLE c (a integer REFERENCES p (a));
-- rows
INSERT INTO p VALUES (1, 2);
INSERT INTO c VALUES (1);
-- to
CREATE TABLE p (a integer, b integer);
CREATE UNIQUE INDEX u ON p (a) INCLUDE (b);
CREATE TABLE c (a integer REFERENCES p (a));
-- pair: the index of a replica identity changes
CREATE TABLE t (a integer NOT NULL, b integer NOT NULL);
CREATE UNIQUE INDEX u ON t (a);
ALTER TABLE t REPLICA IDENTITY USING INDEX u;
-- rows
INSERT INTO t VALUES (1, 2);
-- to
CREATE TABLE t (a integer NOT NULL, b integer NOT NULL);
CREATE UNIQUE INDEX u ON t (a, b);
ALTER TABLE t REPLICA IDENTITY USING INDEX u;
-- pair: an index on a column that changes its type changes too
CREATE TABLE t (a integer, b integer);
CREATE INDEX i ON t (a);
-- rows
INSERT INTO t VALUES (1, 2);
-- to
CREATE TABLE t (a bigint, b integer);
CREATE INDEX i ON t (a, b);
-- pair: an index loses a column that goes and gets one that comes
CREATE TABLE t (a integer, b integer);
CREATE INDEX i ON t (a, b);
-- rows
INSERT INTO t VALUES (1, 2);
-- to
CREATE TABLE t (a integer, c integer);
CREATE INDEX i ON t (a, c);
-- pair: two indexes swap their names
CREATE TABLE t (a integer, b integer);
CREATE INDEX i ON t (a);
CREATE INDEX j ON t (b);
-- rows
INSERT INTO t VALUES (1, 2);
-- to
CREATE TABLE t (a integer, b integer);
CREATE INDEX j ON t (a);
CREATE INDEX i ON t (b);
-- pair: operator classes with parameters
CREATE TABLE t (a tsvector, b integer);
CREATE INDEX i ON t USING gist (a tsvector_ops (siglen = 100));
-- to
CREATE TABLE t (a tsvector, b integer);
CREATE INDEX i ON t USING gist (a tsvector_ops (siglen = 200));
CREATE INDEX j ON t USING brin (b int4_minmax_ops) WITH (autosummarize = on, pages_per_range = 8);
-- pair: an index over a function that changes
CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE TABLE t (a integer);
CREATE INDEX i ON t (f(a)) WHERE f(a) > 0;
-- rows
INSERT INTO t VALUES (1);
-- to
CREATE FUNCTION f(b integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 0';
CREATE TABLE t (a integer);
CREATE INDEX i ON t (f(a)) WHERE f(a) > 0;
-- pair: options of indexes come and go
CREATE TABLE t (a integer, b integer[]);
CREATE INDEX i ON t (a) WITH (fillfactor = 70, deduplicate_items = off);
CREATE INDEX j ON t USING gin (b);
-- to
CREATE TABLE t (a integer, b integer[]);
CREATE INDEX i ON t (a);
CREATE INDEX j ON t USING gin (b) WITH (fastupdate = off, gin_pending_list_limit = 128);
-- pair: an index with a long name changes
CREATE TABLE t (a integer, b integer);
CREATE INDEX a_name_that_is_as_long_as_a_name_may_be_at_all_in_this_server_x ON t (a);
-- to
CREATE TABLE t (a integer, b integer);
CREATE INDEX a_name_that_is_as_long_as_a_name_may_be_at_all_in_this_server_x ON t (b);
-- pair: an index of a materialized view changes
CREATE TABLE t (a integer, b integer);
CREATE MATERIALIZED VIEW m AS SELECT a, b FROM t;
CREATE INDEX i ON m (a);
-- to
CREATE TABLE t (a integer, b integer);
CREATE MATERIALIZED VIEW m AS SELECT a, b FROM t;
CREATE UNIQUE INDEX i ON m (a, b);
ALTER MATERIALIZED VIEW m CLUSTER ON i;
-- pair: an index of a new column of a table in use
CREATE TABLE t (a integer);
-- rows
INSERT INTO t VALUES (1);
-- to
CREATE TABLE t (a integer, b serial);
CREATE UNIQUE INDEX t_b ON t (b);
CREATE INDEX t_lower ON t (abs(b)) WHERE b IS NOT NULL;
-- pair: a name passes from an index to a constraint of another table
CREATE TABLE t (a integer);
CREATE TABLE s (a integer);
CREATE INDEX n ON t (a);
-- to
CREATE TABLE t (a integer);
CREATE TABLE s (a integer CONSTRAINT n PRIMARY KEY);
-- pair: an index on an array of a type of its own
CREATE TYPE e AS ENUM ('a', 'b');
CREATE TABLE t (a e[], b e);
-- to
CREATE TYPE e AS ENUM ('a', 'b');
CREATE TABLE t (a e[], b e);
CREATE INDEX i ON t USING gin (a);
CREATE INDEX j ON t (b) WHERE b = 'a'::e;
-- pair: statistics change
-- since: 14
CREATE TABLE t (a integer, b integer, c integer);
CREATE STATISTICS s ON a, b FROM t;
COMMENT ON STATISTICS s IS 'kept';
CREATE STATISTICS r (ndistinct) ON a, c FROM t;
ALTER STATISTICS r SET STATISTICS 10;
-- to
CREATE TABLE t (a integer, b integer, c integer);
CREATE STATISTICS s ON b, c FROM t;
COMMENT ON STATISTICS s IS 'kept';
CREATE STATISTICS r (ndistinct) ON a, c FROM t;
ALTER STATISTICS r OWNER TO boss;
-- pair: statistics on a table that goes and on a column that goes
CREATE TABLE t (a integer, b integer, c integer);
CREATE TABLE u (a integer, b integer);
CREATE STATISTICS s ON a, b FROM t;
CREATE STATISTICS r ON a, b FROM u;
-- to
CREATE TABLE t (a integer, c integer);
CREATE STATISTICS s ON a, c FROM t;
