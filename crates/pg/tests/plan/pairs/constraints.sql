-- pair: a check changes its condition
CREATE TABLE t (a integer CONSTRAINT small CHECK (a < 10));
COMMENT ON CONSTRAINT small ON t IS 'kept';
-- rows
INSERT INTO t VALUES (5);
-- to
CREATE TABLE t (a integer CONSTRAINT small CHECK (a < 100));
COMMENT ON CONSTRAINT small ON t IS 'kept';
-- pair: a check for children is no longer handed down
CREATE TABLE t (a integer, CONSTRAINT small CHECK (a < 10));
-- to
CREATE TABLE t (a integer, CONSTRAINT small CHECK (a < 10) NO INHERIT);
-- pair: a check becomes one that is not valid
CREATE TABLE t (a integer, CONSTRAINT small CHECK (a < 10));
-- rows
INSERT INTO t VALUES (5);
-- to
CREATE TABLE t (a integer);
ALTER TABLE t ADD CONSTRAINT small CHECK (a < 10) NOT VALID;
-- pair: a foreign key becomes valid
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE c (a integer);
ALTER TABLE c ADD CONSTRAINT there FOREIGN KEY (a) REFERENCES p NOT VALID;
-- rows
INSERT INTO p VALUES (1);
INSERT INTO c VALUES (1);
-- to
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE c (a integer, CONSTRAINT there FOREIGN KEY (a) REFERENCES p);
-- pair: a foreign key over several columns with all its words
CREATE TABLE p (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE c (a integer, b integer);
-- rows
INSERT INTO p VALUES (1, 2);
INSERT INTO c VALUES (1, 2);
-- to
CREATE TABLE p (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE c (a integer, b integer, FOREIGN KEY (a, b) REFERENCES p MATCH FULL ON UPDATE SET DEFAULT ON DELETE SET NULL DEFERRABLE);
-- pair: a foreign key sets one column null
-- since: 15
CREATE TABLE p (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE c (a integer, b integer, CONSTRAINT f FOREIGN KEY (a, b) REFERENCES p ON DELETE SET NULL);
-- to
CREATE TABLE p (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE c (a integer, b integer, CONSTRAINT f FOREIGN KEY (a, b) REFERENCES p ON DELETE SET NULL (b));
-- pair: a foreign key goes to another table
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE q (a integer PRIMARY KEY);
CREATE TABLE c (a integer CONSTRAINT f REFERENCES p);
-- rows
INSERT INTO p VALUES (1);
INSERT INTO q VALUES (1);
INSERT INTO c VALUES (1);
-- to
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE q (a integer PRIMARY KEY);
CREATE TABLE c (a integer CONSTRAINT f REFERENCES q);
-- pair: a table that is referred to goes
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE c (a integer REFERENCES p, b integer REFERENCES p);
-- rows
INSERT INTO c VALUES (NULL, NULL);
-- to
CREATE TABLE c (a integer, b integer);
-- pair: two tables in a ring become free of each other
CREATE TABLE a (id integer PRIMARY KEY, b integer);
CREATE TABLE b (id integer PRIMARY KEY, a integer REFERENCES a);
ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (b) REFERENCES b DEFERRABLE INITIALLY DEFERRED;
-- rows
INSERT INTO a VALUES (1, NULL);
INSERT INTO b VALUES (1, 1);
-- to
CREATE TABLE a (id integer PRIMARY KEY);
CREATE TABLE b (id integer PRIMARY KEY);
-- pair: the key types of a ring change
CREATE TABLE a (id integer PRIMARY KEY, b integer);
CREATE TABLE b (id integer PRIMARY KEY, a integer REFERENCES a);
ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (b) REFERENCES b;
-- rows
INSERT INTO a VALUES (1, NULL);
INSERT INTO b VALUES (1, 1);
-- to
CREATE TABLE a (id bigint PRIMARY KEY, b bigint);
CREATE TABLE b (id bigint PRIMARY KEY, a bigint REFERENCES a);
ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (b) REFERENCES b;
-- pair: a unique constraint becomes deferrable under a foreign key of another one
CREATE TABLE p (a integer UNIQUE, b integer CONSTRAINT u UNIQUE);
CREATE TABLE c (a integer REFERENCES p (a));
-- to
CREATE TABLE p (a integer UNIQUE, b integer CONSTRAINT u UNIQUE DEFERRABLE);
CREATE TABLE c (a integer REFERENCES p (a));
-- pair: a key gets a comment, another fill factor and columns to carry
CREATE TABLE t (a integer CONSTRAINT pk PRIMARY KEY, b integer);
-- rows
INSERT INTO t VALUES (1, 2);
-- to
CREATE TABLE t (a integer, b integer);
ALTER TABLE t ADD CONSTRAINT pk PRIMARY KEY (a) INCLUDE (b) WITH (fillfactor = 50);
COMMENT ON CONSTRAINT pk ON t IS 'key';
-- pair: the fill factor of a key changes
CREATE TABLE t (a integer CONSTRAINT pk PRIMARY KEY WITH (fillfactor = 60));
-- to
CREATE TABLE t (a integer CONSTRAINT pk PRIMARY KEY WITH (fillfactor = 80));
-- pair: a constraint becomes an index
CREATE TABLE t (a integer, CONSTRAINT u UNIQUE (a));
-- rows
INSERT INTO t VALUES (1);
-- to
CREATE TABLE t (a integer);
CREATE UNIQUE INDEX u ON t (a);
-- pair: a foreign key stands on a unique index that becomes a constraint
CREATE TABLE p (a integer);
CREATE UNIQUE INDEX u ON p (a);
CREATE TABLE c (a integer REFERENCES p (a));
-- rows
INSERT INTO p VALUES (1);
INSERT INTO c VALUES (1);
-- to
CREATE TABLE p (a integer, CONSTRAINT u UNIQUE (a));
CREATE TABLE c (a integer REFERENCES p (a));
-- pair: a table is clustered on its key
CREATE TABLE t (a integer CONSTRAINT pk PRIMARY KEY, b integer CONSTRAINT u UNIQUE);
ALTER TABLE t CLUSTER ON u;
-- to
CREATE TABLE t (a integer CONSTRAINT pk PRIMARY KEY, b integer CONSTRAINT u UNIQUE);
ALTER TABLE t CLUSTER ON pk;
-- pair: a new table is clustered on its key
-- to
CREATE TABLE t (a integer CONSTRAINT pk PRIMARY KEY);
ALTER TABLE t CLUSTER ON pk;
-- pair: an exclusion changes
CREATE TABLE t (a int4range, b integer, CONSTRAINT e EXCLUDE USING gist (a WITH &&));
-- rows
INSERT INTO t VALUES ('[1,2)', 1);
-- to
CREATE TABLE t (a int4range, b integer, CONSTRAINT e EXCLUDE USING gist (a WITH &&) WHERE (b > 0) DEFERRABLE INITIALLY DEFERRED);
-- pair: an exclusion over an expression
CREATE TABLE t (a date, b date);
-- rows
INSERT INTO t VALUES ('2024-01-01', '2024-02-01');
-- to
CREATE TABLE t (a date, b date, EXCLUDE USING gist (daterange(a, b) WITH &&) WITH (fillfactor = 70));
-- pair: nulls of a unique constraint become alike
-- since: 15
CREATE TABLE t (a integer, b integer, CONSTRAINT u UNIQUE (a, b));
-- rows
INSERT INTO t VALUES (NULL, 1);
-- to
CREATE TABLE t (a integer, b integer, CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a, b));
-- pair: a check reads a whole row
CREATE TABLE t (a integer, b integer);
-- to
CREATE TABLE t (a integer, b integer, CONSTRAINT filled CHECK (num_nonnulls(a, b) > 0), CHECK (t IS NOT NULL));
-- pair: a constraint moves to another table under its name
CREATE TABLE t (a integer, CONSTRAINT u UNIQUE (a));
CREATE TABLE s (a integer);
-- to
CREATE TABLE t (a integer);
CREATE TABLE s (a integer, CONSTRAINT u UNIQUE (a));
-- pair: two constraints swap their names
CREATE TABLE t (a integer CONSTRAINT x CHECK (a > 0), b integer CONSTRAINT y CHECK (b > 1));
-- rows
INSERT INTO t VALUES (1, 2);
-- to
CREATE TABLE t (a integer CONSTRAINT y CHECK (a > 0), b integer CONSTRAINT x CHECK (b > 1));
-- pair: a primary key goes and another comes under its name
CREATE TABLE t (a integer NOT NULL, b integer NOT NULL, CONSTRAINT pk PRIMARY KEY (a));
-- rows
INSERT INTO t VALUES (1, 2);
-- to
CREATE TABLE t (a integer NOT NULL, b integer NOT NULL, CONSTRAINT pk PRIMARY KEY (b));
-- pair: a key stops being the identity for replicas
CREATE TABLE t (a integer NOT NULL, CONSTRAINT u UNIQUE (a));
ALTER TABLE t REPLICA IDENTITY USING INDEX u;
-- to
CREATE TABLE t (a integer NOT NULL);
ALTER TABLE t REPLICA IDENTITY FULL;
-- pair: the key that is the identity for replicas changes
CREATE TABLE t (a integer NOT NULL, b integer NOT NULL, CONSTRAINT u UNIQUE (a));
ALTER TABLE t REPLICA IDENTITY USING INDEX u;
-- rows
INSERT INTO t VALUES (1, 2);
-- to
CREATE TABLE t (a integer NOT NULL, b integer NOT NULL, CONSTRAINT u UNIQUE (a, b));
ALTER TABLE t REPLICA IDENTITY USING INDEX u;
