-- pair: a shop grows
CREATE TYPE state AS ENUM ('open', 'paid');
CREATE DOMAIN price AS numeric(10,2) CHECK (VALUE >= 0);
CREATE TABLE customers (id serial PRIMARY KEY, name varchar(50), mail text);
CREATE TABLE orders (id serial PRIMARY KEY, customer integer REFERENCES customers, total price, state state DEFAULT 'open', at timestamp DEFAULT now());
CREATE INDEX orders_customer ON orders (customer);
CREATE VIEW open_orders AS SELECT o.id, c.name, o.total FROM orders o JOIN customers c ON c.id = o.customer WHERE o.state = 'open';
CREATE VIEW rich AS SELECT name, sum(total) AS total FROM open_orders GROUP BY name;
CREATE FUNCTION owed(integer) RETURNS numeric LANGUAGE sql STABLE AS 'SELECT sum(total) FROM orders WHERE customer = $1';
GRANT SELECT ON rich TO web;
-- rows
INSERT INTO customers (name, mail) VALUES ('Ana', 'a@b'), ('Rui', 'r@b');
INSERT INTO orders (customer, total) VALUES (1, 10), (2, 20.5);
-- to
CREATE TYPE state AS ENUM ('draft', 'open', 'paid', 'sent');
CREATE DOMAIN price AS numeric(10,2) CHECK (VALUE >= 0) CONSTRAINT sane CHECK (VALUE < 1000000);
CREATE TABLE customers (id serial PRIMARY KEY, name varchar(200) NOT NULL, mail text UNIQUE, vip boolean NOT NULL DEFAULT false);
CREATE TABLE orders (id bigserial PRIMARY KEY, customer integer NOT NULL REFERENCES customers ON DELETE RESTRICT, total price, state state NOT NULL DEFAULT 'draft', at timestamptz DEFAULT now());
CREATE TABLE lines (order_id bigint REFERENCES orders ON DELETE CASCADE, line integer, what text NOT NULL, PRIMARY KEY (order_id, line));
CREATE INDEX orders_customer ON orders (customer, at DESC);
CREATE VIEW open_orders AS SELECT o.id, c.name, o.total, o.at FROM orders o JOIN customers c ON c.id = o.customer WHERE o.state IN ('draft', 'open');
CREATE VIEW rich AS SELECT name, sum(total) AS total FROM open_orders GROUP BY name;
CREATE MATERIALIZED VIEW daily AS SELECT at::date AS day, count(*) FROM orders GROUP BY 1;
CREATE UNIQUE INDEX daily_day ON daily (day);
CREATE FUNCTION owed(integer) RETURNS price LANGUAGE sql STABLE AS 'SELECT sum(total)::price FROM orders WHERE customer = $1';
GRANT SELECT ON rich TO web;
GRANT SELECT ON daily TO web, clerk;
ALTER TABLE customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_for_clerks ON customers TO clerk USING (true);
-- pair: a key becomes a uuid beside the old one
CREATE TABLE a (id serial PRIMARY KEY);
CREATE TABLE b (id serial PRIMARY KEY, a integer NOT NULL REFERENCES a);
-- to
CREATE TABLE a (id serial, key uuid DEFAULT gen_random_uuid() PRIMARY KEY);
CREATE TABLE b (id serial PRIMARY KEY, a uuid REFERENCES a);
-- pair: a check, an index and a default on one new function
-- since: 14
CREATE TABLE t (a text);
-- rows
INSERT INTO t VALUES ('x');
-- to
CREATE FUNCTION norm(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
CREATE TABLE t (a text DEFAULT norm('X') CHECK (norm(a) <> ''), b text GENERATED ALWAYS AS (norm(a)) STORED);
CREATE UNIQUE INDEX t_norm ON t (norm(a));
CREATE STATISTICS t_stat ON a, b FROM t;
-- pair: everything on one table goes
CREATE TABLE t (a integer PRIMARY KEY, b text UNIQUE, c integer CHECK (c > 0));
CREATE TABLE u (a integer REFERENCES t);
CREATE INDEX t_c ON t (c);
CREATE VIEW v AS SELECT * FROM t;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING;
CREATE POLICY p ON t USING (true);
CREATE STATISTICS s ON a, c FROM t;
COMMENT ON TABLE t IS 'gone soon';
-- rows
INSERT INTO u VALUES (NULL);
-- to
CREATE TABLE u (a integer);
-- pair: tables in a ring go
CREATE TABLE a (id integer PRIMARY KEY, c integer);
CREATE TABLE b (id integer PRIMARY KEY, a integer REFERENCES a);
CREATE TABLE c (id integer PRIMARY KEY, b integer REFERENCES b);
ALTER TABLE a ADD FOREIGN KEY (c) REFERENCES c;
-- to
CREATE TABLE kept (a integer);
-- pair: a name passes from a table to an enum, and from an index to a sequence
CREATE TABLE thing (a integer);
CREATE TABLE t (a integer);
CREATE INDEX other ON t (a);
-- to
CREATE TYPE thing AS ENUM ('x');
CREATE TABLE t (a integer);
CREATE SEQUENCE other;
-- pair: a function that returns a table's rows when the table changes
CREATE TABLE t (a integer, b text);
CREATE FUNCTION all_t() RETURNS SETOF t LANGUAGE sql STABLE AS 'SELECT * FROM t';
CREATE VIEW v AS SELECT a FROM all_t();
-- rows
INSERT INTO t VALUES (1, 'x');
-- to
CREATE TABLE t (a integer, b text, c date);
CREATE FUNCTION all_t() RETURNS SETOF t LANGUAGE sql STABLE AS 'SELECT * FROM t';
CREATE VIEW v AS SELECT a, c FROM all_t();
-- pair: views on views on views turn round
CREATE TABLE t (a integer, b integer);
CREATE VIEW one AS SELECT a FROM t;
CREATE VIEW two AS SELECT a FROM one;
CREATE VIEW three AS SELECT a FROM two;
-- to
CREATE TABLE t (a integer, b integer);
CREATE VIEW three AS SELECT a FROM t;
CREATE VIEW two AS SELECT a FROM three;
CREATE VIEW one AS SELECT a FROM two;
-- pair: an index only has another name
CREATE TABLE t (a integer CONSTRAINT old_check CHECK (a > 0), CONSTRAINT old_key UNIQUE (a));
CREATE INDEX old_index ON t (a) WHERE a > 3;
-- rows
INSERT INTO t VALUES (1);
-- to
CREATE TABLE t (a integer CONSTRAINT new_check CHECK (a > 0), CONSTRAINT new_key UNIQUE (a));
CREATE INDEX new_index ON t (a) WHERE a > 3;
-- pair: a constraint trigger and a deferred key on tables that refer to each other
CREATE TABLE p (id integer PRIMARY KEY);
-- to
CREATE TABLE p (id integer PRIMARY KEY, main integer);
CREATE TABLE c (id integer PRIMARY KEY, p integer NOT NULL REFERENCES p DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE p ADD CONSTRAINT p_main FOREIGN KEY (main) REFERENCES c DEFERRABLE;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON c FROM p DEFERRABLE FOR EACH ROW EXECUTE FUNCTION f();
-- pair: an array and a json column change their types
CREATE TABLE t (id integer, a integer[], b json, c timestamp, d char(3), e real);
-- rows
INSERT INTO t VALUES (1, '{1,2}', '{}', '2024-01-01', 'abc', 1.5);
-- to
CREATE TABLE t (id integer, a bigint[], b jsonb, c timestamptz, d text, e double precision);
-- pair: an enum that a domain stands on grows
CREATE TYPE e AS ENUM ('a');
CREATE TABLE t (id integer, b e);
-- rows
INSERT INTO t VALUES (1, 'a');
-- to
CREATE TYPE e AS ENUM ('a', 'b');
CREATE DOMAIN d AS e CHECK (VALUE <> 'b');
CREATE TABLE t (id integer, b e, a d);
-- pair: an inherited column gets a default of its own
CREATE TABLE p (a integer, b text);
CREATE TABLE c (extra integer) INHERITS (p);
-- rows
INSERT INTO c VALUES (1, 'x', 2);
-- to
CREATE TABLE p (a bigint, b text NOT NULL);
CREATE TABLE c (extra integer, more text) INHERITS (p);
ALTER TABLE c ALTER COLUMN a SET DEFAULT 5;
-- pair: partitions of a table whose key changes type
CREATE TABLE t (id integer, at date NOT NULL, note varchar(5)) PARTITION BY RANGE (at);
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE VIEW v AS SELECT note FROM t;
-- rows
INSERT INTO t VALUES (1, '2024-02-02', 'x');
-- to
CREATE TABLE t (id bigint, at date NOT NULL, note text) PARTITION BY RANGE (at);
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE VIEW v AS SELECT note FROM t;
-- pair: grants on columns that come and go
CREATE TABLE t (a integer, b integer);
GRANT SELECT (a), UPDATE (b) ON t TO web;
-- to
CREATE TABLE t (a integer, c integer);
GRANT SELECT (c) ON t TO web;
GRANT SELECT (a) ON t TO PUBLIC;
-- pair: two schemas' worth of the same names
CREATE TABLE t (a integer);
CREATE FUNCTION t() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE SEQUENCE "T";
-- to
CREATE TABLE "T" (a integer);
CREATE FUNCTION t(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE SEQUENCE t;
