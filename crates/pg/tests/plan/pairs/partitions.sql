-- pair: a partition becomes a table and another table a partition
CREATE TABLE t (a integer, b text) PARTITION BY LIST (a);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1);
CREATE TABLE t_2 (a integer, b text);
-- rows
INSERT INTO t VALUES (1, 'x');
INSERT INTO t_2 VALUES (2, 'y');
-- to
CREATE TABLE t (a integer, b text) PARTITION BY LIST (a);
CREATE TABLE t_1 (a integer, b text);
CREATE TABLE t_2 PARTITION OF t FOR VALUES IN (2);
-- pair: a partition with a key and an index leaves
CREATE TABLE t (a integer PRIMARY KEY, b integer) PARTITION BY RANGE (a);
CREATE INDEX t_b ON t (b);
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (10) TO (20);
-- rows
INSERT INTO t VALUES (1, 2), (12, 3);
-- to
CREATE TABLE t (a integer PRIMARY KEY, b integer) PARTITION BY RANGE (a);
CREATE INDEX t_b ON t (b);
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE TABLE t_2 (a integer, b integer, CONSTRAINT t_2_pkey PRIMARY KEY (a));
CREATE INDEX t_2_b_idx ON t_2 (b);
-- pair: a table with a key of its own becomes a partition
CREATE TABLE t (a integer NOT NULL, b integer DEFAULT 4, CONSTRAINT t_key UNIQUE (a)) PARTITION BY RANGE (a);
CREATE TABLE p (a integer NOT NULL, b integer DEFAULT 4, CONSTRAINT p_key UNIQUE (a));
-- rows
INSERT INTO p VALUES (1, 2);
-- to
CREATE TABLE t (a integer NOT NULL, b integer DEFAULT 4, CONSTRAINT t_key UNIQUE (a)) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10);
-- pair: bounds of many kinds
-- to
CREATE TABLE r (a date, b integer) PARTITION BY RANGE (a, b);
CREATE TABLE r_1 PARTITION OF r FOR VALUES FROM (MINVALUE, MINVALUE) TO ('2024-01-01', 5);
CREATE TABLE r_2 PARTITION OF r FOR VALUES FROM ('2024-01-01', 5) TO (MAXVALUE, MAXVALUE);
CREATE TABLE l (a text, b integer) PARTITION BY LIST (lower(a));
CREATE TABLE l_1 PARTITION OF l FOR VALUES IN ('x', 'it''s', NULL);
CREATE TABLE l_2 PARTITION OF l DEFAULT;
CREATE TABLE h (a text COLLATE "C", b integer) PARTITION BY HASH (a, (b + 1));
CREATE TABLE h_1 PARTITION OF h FOR VALUES WITH (modulus 3, remainder 2);
-- pair: a partition gets other bounds and keeps its rows
CREATE TABLE t (a integer) PARTITION BY LIST (a);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1);
CREATE TABLE t_rest PARTITION OF t DEFAULT;
-- rows
INSERT INTO t VALUES (1), (7);
-- to
CREATE TABLE t (a integer) PARTITION BY LIST (a);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1, 2);
CREATE TABLE t_rest PARTITION OF t DEFAULT;
-- pair: two partitions swap their bounds
CREATE TABLE t (a integer) PARTITION BY LIST (a);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1);
CREATE TABLE t_2 PARTITION OF t FOR VALUES IN (2);
-- to
CREATE TABLE t (a integer) PARTITION BY LIST (a);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (2);
CREATE TABLE t_2 PARTITION OF t FOR VALUES IN (1);
-- pair: a partition goes to another parent
CREATE TABLE t (a integer) PARTITION BY LIST (a);
CREATE TABLE u (a integer) PARTITION BY LIST (a);
CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
-- rows
INSERT INTO t VALUES (1);
-- to
CREATE TABLE t (a integer) PARTITION BY LIST (a);
CREATE TABLE u (a integer) PARTITION BY LIST (a);
CREATE TABLE p PARTITION OF u FOR VALUES IN (1);
-- pair: a tree of partitions with keys and foreign keys both ways
-- to
CREATE TABLE p (a integer PRIMARY KEY) PARTITION BY LIST (a);
CREATE TABLE p_1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE c (a integer, p integer REFERENCES p, PRIMARY KEY (a)) PARTITION BY RANGE (a);
CREATE TABLE c_1 PARTITION OF c FOR VALUES FROM (0) TO (10) PARTITION BY LIST (a);
CREATE TABLE c_1_1 PARTITION OF c_1 FOR VALUES IN (1, 2);
CREATE TABLE d (c integer REFERENCES c ON DELETE CASCADE);
-- pair: a foreign key of a partitioned table comes
CREATE TABLE q (a integer PRIMARY KEY);
CREATE TABLE t (a integer, q integer) PARTITION BY LIST (a);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1);
-- rows
INSERT INTO q VALUES (5);
INSERT INTO t VALUES (1, 5);
-- to
CREATE TABLE q (a integer PRIMARY KEY);
CREATE TABLE t (a integer, q integer REFERENCES q) PARTITION BY LIST (a);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1);
-- pair: indexes of a partitioned table change, come and go
CREATE TABLE t (a integer, b integer, c integer) PARTITION BY LIST (a);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1);
CREATE INDEX i ON t (b);
CREATE INDEX gone ON t (c);
-- rows
INSERT INTO t VALUES (1, 2, 3);
-- to
CREATE TABLE t (a integer, b integer, c integer) PARTITION BY LIST (a);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1);
CREATE INDEX i ON t (b, c);
CREATE UNIQUE INDEX u ON t (a, b);
COMMENT ON INDEX u IS 'of all';
-- pair: a column of a partitioned table comes, another goes
CREATE TABLE t (a integer, b integer, c text) PARTITION BY LIST (a);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1);
-- rows
INSERT INTO t VALUES (1, 2, 'x');
-- to
CREATE TABLE t (a integer, c text, d date NOT NULL DEFAULT '2024-01-01', e integer GENERATED ALWAYS AS (a + 1) STORED) PARTITION BY LIST (a);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1);
-- pair: a partition has options, grants, a comment and an owner
CREATE TABLE t (a integer, b text) PARTITION BY LIST (a);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1);
-- to
CREATE TABLE t (a integer, b text) PARTITION BY LIST (a);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1) WITH (fillfactor = 60);
ALTER TABLE t_1 ALTER COLUMN b SET STORAGE EXTERNAL, ALTER COLUMN b SET NOT NULL;
COMMENT ON TABLE t_1 IS 'first';
COMMENT ON COLUMN t_1.b IS 'b of the first';
GRANT SELECT ON t_1 TO web;
ALTER TABLE t_1 OWNER TO boss;
-- pair: a check of a partition goes, one of the parent comes
CREATE TABLE t (a integer, b integer) PARTITION BY LIST (a);
CREATE TABLE t_1 PARTITION OF t (CONSTRAINT small CHECK (b < 10)) FOR VALUES IN (1);
-- rows
INSERT INTO t VALUES (1, 5);
-- to
CREATE TABLE t (a integer, b integer, CONSTRAINT positive CHECK (b > 0)) PARTITION BY LIST (a);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1);
-- pair: a table with rows becomes a partitioned one
CREATE TABLE t (a integer, b text);
CREATE VIEW v AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer, b text) PARTITION BY LIST (a);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1);
CREATE VIEW v AS SELECT a FROM t;
-- pair: the key of a partitioned table changes
CREATE TABLE t (a integer, b integer) PARTITION BY LIST (a);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1);
-- to
CREATE TABLE t (a integer, b integer) PARTITION BY RANGE (b);
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (0) TO (10);
-- pair: partitions with triggers, policies and rules of their own
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE t (a integer) PARTITION BY LIST (a);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1);
CREATE TRIGGER all_rows AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- to
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE t (a integer) PARTITION BY LIST (a);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1);
CREATE TRIGGER own BEFORE INSERT ON t_1 FOR EACH ROW EXECUTE FUNCTION f();
ALTER TABLE t_1 ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t_1 USING (a > 0);
-- pair: a whole tree of partitions goes
CREATE TABLE t (a integer, b integer, PRIMARY KEY (a, b)) PARTITION BY LIST (a);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1) PARTITION BY RANGE (b);
CREATE TABLE t_1_1 PARTITION OF t_1 FOR VALUES FROM (0) TO (10);
CREATE VIEW v AS SELECT a FROM t_1_1;
-- to
CREATE VIEW v AS SELECT 1 AS a;
-- pair: a child gets a second parent
CREATE TABLE p (a integer);
CREATE TABLE q (b integer);
CREATE TABLE c (a integer, b integer, own text);
-- rows
INSERT INTO c VALUES (1, 2, 'x');
-- to
CREATE TABLE p (a integer);
CREATE TABLE q (b integer);
CREATE TABLE c (a integer, b integer, own text) INHERITS (p, q);
-- pair: a child leaves its parent
CREATE TABLE p (a integer, CONSTRAINT positive CHECK (a > 0));
CREATE TABLE c (a integer, b integer, CONSTRAINT positive CHECK (a > 0)) INHERITS (p);
-- rows
INSERT INTO c VALUES (1, 2);
-- to
CREATE TABLE p (a integer, CONSTRAINT positive CHECK (a > 0));
CREATE TABLE c (a integer, b integer, CONSTRAINT positive CHECK (a > 0));
-- pair: a column and a check of a parent come to its children
CREATE TABLE p (a integer);
CREATE TABLE c (b integer) INHERITS (p);
CREATE TABLE d () INHERITS (c);
-- rows
INSERT INTO d VALUES (1, 2);
-- to
CREATE TABLE p (a integer, n text DEFAULT 'x', CONSTRAINT positive CHECK (a > 0));
CREATE TABLE c (b integer) INHERITS (p);
CREATE TABLE d (own integer) INHERITS (c);
-- pair: a grandchild comes and goes with indexes of its own
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE c () INHERITS (p);
-- to
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE c (PRIMARY KEY (a)) INHERITS (p);
CREATE TABLE d (z integer) INHERITS (c);
CREATE INDEX d_z ON d (z);
