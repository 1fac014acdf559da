-- pair: a label goes under a domain
CREATE TYPE e AS ENUM ('a', 'b', 'c');
CREATE DOMAIN d AS e DEFAULT 'a' CONSTRAINT not_b CHECK (VALUE <> 'b');
CREATE TABLE t (id integer, x d, y e NOT NULL DEFAULT 'a');
-- rows
INSERT INTO t VALUES (1, 'a', 'b');
-- to
CREATE TYPE e AS ENUM ('b', 'a');
CREATE DOMAIN d AS e DEFAULT 'a' CONSTRAINT not_b CHECK (VALUE <> 'b');
CREATE TABLE t (id integer, x d, y e NOT NULL DEFAULT 'a');
-- pair: a label moves under a composite type
CREATE TYPE e AS ENUM ('a', 'b');
CREATE TYPE c AS (n integer, e e);
CREATE TABLE t (id integer, x c, xs c[]);
-- rows
INSERT INTO t VALUES (1, '(1,b)', '{"(2,a)"}');
-- to
CREATE TYPE e AS ENUM ('b', 'a');
CREATE TYPE c AS (n integer, e e);
CREATE TABLE t (id integer, x c, xs c[]);
-- pair: a label moves under a range over an enum
CREATE TYPE e AS ENUM ('a', 'b', 'c');
CREATE TYPE r AS RANGE (subtype = e);
CREATE TABLE t (id integer, x r);
-- rows
INSERT INTO t VALUES (1, '[a,b]');
-- to
CREATE TYPE e AS ENUM ('z', 'a', 'b');
CREATE TYPE r AS RANGE (subtype = e);
CREATE TABLE t (id integer, x r);
-- pair: a chain of types on an enum that loses a label
CREATE TYPE e AS ENUM ('a', 'b', 'c');
CREATE DOMAIN d AS e;
CREATE DOMAIN dd AS d CHECK (VALUE::e <> 'a'::e);
CREATE TYPE c AS (d d, dd dd);
CREATE TABLE t (id integer, x c DEFAULT '(a,b)', y dd);
CREATE FUNCTION f(c) RETURNS d LANGUAGE sql AS 'SELECT ($1).d';
CREATE VIEW v AS SELECT f(x) AS f, (x).dd FROM t;
COMMENT ON TYPE c IS 'kept';
COMMENT ON DOMAIN dd IS 'kept too';
GRANT USAGE ON TYPE d TO web;
ALTER TYPE c OWNER TO boss;
-- rows
INSERT INTO t VALUES (1, '(b,b)', 'b');
-- to
CREATE TYPE e AS ENUM ('a', 'b');
CREATE DOMAIN d AS e;
CREATE DOMAIN dd AS d CHECK (VALUE::e <> 'a'::e);
CREATE TYPE c AS (d d, dd dd);
CREATE TABLE t (id integer, x c DEFAULT '(a,b)', y dd);
CREATE FUNCTION f(c) RETURNS d LANGUAGE sql AS 'SELECT ($1).d';
CREATE VIEW v AS SELECT f(x) AS f, (x).dd FROM t;
COMMENT ON TYPE c IS 'kept';
COMMENT ON DOMAIN dd IS 'kept too';
GRANT USAGE ON TYPE d TO web;
ALTER TYPE c OWNER TO boss;
-- pair: an attribute of a type that columns have changes its type
CREATE TYPE c AS (a integer, b text);
CREATE TABLE t (id integer, x c NOT NULL DEFAULT '(1,x)');
CREATE INDEX i ON t (((x).b));
-- rows
INSERT INTO t VALUES (1, '(5,x)');
-- to
CREATE TYPE c AS (a bigint, b text);
CREATE TABLE t (id integer, x c NOT NULL DEFAULT '(1,x)');
CREATE INDEX i ON t (((x).b));
-- pair: attributes of a type that columns have come
CREATE TYPE c AS (a integer);
CREATE TABLE t (id integer, x c);
-- rows
INSERT INTO t VALUES (1, '(5)');
-- to
CREATE TYPE c AS (a integer, b text, "C c" numeric(4,1));
CREATE TABLE t (id integer, x c);
-- pair: an attribute is made of a domain that gets another type
CREATE DOMAIN d AS integer CHECK (VALUE > 0);
CREATE TYPE c AS (d d);
CREATE TABLE t (id integer, x c, y d[]);
-- rows
INSERT INTO t VALUES (1, '(5)', '{3}');
-- to
CREATE DOMAIN d AS bigint CHECK (VALUE > 0);
CREATE TYPE c AS (d d);
CREATE TABLE t (id integer, x c, y d[]);
-- pair: a domain over a domain changes its checks
CREATE DOMAIN d AS integer CONSTRAINT positive CHECK (VALUE > 0);
CREATE DOMAIN dd AS d CONSTRAINT small CHECK (VALUE < 10);
CREATE TABLE t (x dd);
-- rows
INSERT INTO t VALUES (5);
-- to
CREATE DOMAIN d AS integer CONSTRAINT positive CHECK (VALUE > 1);
CREATE DOMAIN dd AS d NOT NULL DEFAULT 4 CONSTRAINT small CHECK (VALUE < 20);
CREATE TABLE t (x dd);
-- pair: a domain gets another collation
CREATE DOMAIN d AS text;
CREATE TABLE t (id integer, x d);
CREATE INDEX i ON t (x);
-- rows
INSERT INTO t VALUES (1, 'a');
-- to
CREATE DOMAIN d AS text COLLATE "C";
CREATE TABLE t (id integer, x d);
CREATE INDEX i ON t (x);
-- pair: a check of a domain that is not valid
CREATE DOMAIN d AS integer CONSTRAINT c CHECK (VALUE > 0);
CREATE TABLE t (x d);
-- to
CREATE DOMAIN d AS integer;
ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID;
CREATE TABLE t (x d);
-- pair: a check of a domain becomes valid
CREATE DOMAIN d AS integer;
ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID;
CREATE TABLE t (x d);
-- rows
INSERT INTO t VALUES (4);
-- to
CREATE DOMAIN d AS integer CONSTRAINT c CHECK (VALUE > 0);
CREATE TABLE t (x d);
-- pair: a domain calls a function
CREATE DOMAIN d AS integer;
CREATE TABLE t (x d);
-- to
CREATE FUNCTION good(integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 > 0';
CREATE DOMAIN d AS integer DEFAULT 1 CHECK (good(VALUE));
CREATE TABLE t (x d);
-- pair: a function under a check of a domain changes
CREATE FUNCTION good(a integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 > 0';
CREATE DOMAIN d AS integer CONSTRAINT c CHECK (good(VALUE));
CREATE TABLE t (x d);
-- rows
INSERT INTO t VALUES (4);
-- to
CREATE FUNCTION good(b integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 > 0';
CREATE DOMAIN d AS integer CONSTRAINT c CHECK (good(VALUE));
CREATE TABLE t (x d);
-- pair: a domain becomes an enum
CREATE DOMAIN kind AS text CHECK (VALUE IN ('a', 'b'));
CREATE TABLE t (id integer, x kind);
-- rows
INSERT INTO t VALUES (1, 'a');
-- to
CREATE TYPE letters AS ENUM ('a', 'b');
CREATE TABLE t (id integer, x letters);
-- pair: an enum becomes a text with a check
CREATE TYPE kind AS ENUM ('a', 'b');
CREATE TABLE t (id integer, x kind NOT NULL DEFAULT 'a');
-- rows
INSERT INTO t VALUES (1, 'a');
-- to
CREATE TABLE t (id integer, x text NOT NULL DEFAULT 'a' CHECK (x IN ('a', 'b')));
-- pair: a column goes from one enum to another
CREATE TYPE one AS ENUM ('a', 'b');
CREATE TYPE two AS ENUM ('b', 'a', 'c');
CREATE TABLE t (id integer, x one DEFAULT 'b');
-- rows
INSERT INTO t VALUES (1, 'a');
-- to
CREATE TYPE one AS ENUM ('a', 'b');
CREATE TYPE two AS ENUM ('b', 'a', 'c');
CREATE TABLE t (id integer, x two DEFAULT 'b');
-- pair: an enum in a key, a foreign key and a partition key loses a label
CREATE TYPE e AS ENUM ('a', 'b', 'c');
CREATE TABLE p (x e PRIMARY KEY);
CREATE TABLE t (id integer, x e REFERENCES p);
CREATE TABLE u (id integer, x e) PARTITION BY LIST (id);
CREATE TABLE u_1 PARTITION OF u FOR VALUES IN (1);
-- rows
INSERT INTO p VALUES ('a');
INSERT INTO t VALUES (1, 'a');
INSERT INTO u VALUES (1, 'b');
-- to
CREATE TYPE e AS ENUM ('b', 'a');
CREATE TABLE p (x e PRIMARY KEY);
CREATE TABLE t (id integer, x e REFERENCES p);
CREATE TABLE u (id integer, x e) PARTITION BY LIST (id);
CREATE TABLE u_1 PARTITION OF u FOR VALUES IN (1);
-- pair: a label goes under a trigger, a policy, a generated column and a materialized view
CREATE TYPE e AS ENUM ('a', 'b', 'c');
CREATE TABLE t (id integer, x e, y boolean GENERATED ALWAYS AS (x = 'a'::e) STORED);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.x = 'a') EXECUTE FUNCTION f();
CREATE POLICY p ON t USING (x = 'a');
CREATE MATERIALIZED VIEW m AS SELECT x, y FROM t;
CREATE INDEX m_x ON m (x);
-- rows
INSERT INTO t (id, x) VALUES (1, 'a');
-- to
CREATE TYPE e AS ENUM ('b', 'a');
CREATE TABLE t (id integer, x e, y boolean GENERATED ALWAYS AS (x = 'a'::e) STORED);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.x = 'a') EXECUTE FUNCTION f();
CREATE POLICY p ON t USING (x = 'a');
CREATE MATERIALIZED VIEW m AS SELECT x, y FROM t;
CREATE INDEX m_x ON m (x);
-- pair: an enum without labels gets some
CREATE TYPE e AS ENUM ();
CREATE TABLE t (x e);
-- to
CREATE TYPE e AS ENUM ('a', 'b');
CREATE TABLE t (x e DEFAULT 'a');
-- pair: a range changes under a column
-- since: 14
CREATE TYPE r AS RANGE (subtype = float8);
CREATE TABLE t (id integer, x r, y r[]);
CREATE INDEX i ON t USING gist (x);
-- rows
INSERT INTO t VALUES (1, '[1,2]', '{"[1,2]"}');
-- to
CREATE TYPE r AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE TABLE t (id integer, x r, y r[]);
CREATE INDEX i ON t USING gist (x);
-- pair: a range of texts with a collation and a name for its multirange
-- since: 14
-- to
CREATE TYPE words AS RANGE (subtype = text, collation = "C", multirange_type_name = many_words);
CREATE TABLE t (x words, y many_words);
-- pair: a table uses a multirange of a range of its own
-- since: 14
CREATE TABLE t (id integer);
-- to
CREATE TYPE span AS RANGE (subtype = float8);
CREATE TABLE t (id integer, x span_multirange);
CREATE FUNCTION f(span_multirange) RETURNS span LANGUAGE sql AS 'SELECT range_merge($1)';
-- pair: types that only functions use change
CREATE TYPE arg AS (a integer);
CREATE TYPE kind AS ENUM ('x', 'y');
CREATE FUNCTION f(arg, kind DEFAULT 'x') RETURNS SETOF arg LANGUAGE sql AS 'SELECT $1';
CREATE PROCEDURE p(arg) LANGUAGE sql AS 'SELECT $1';
GRANT EXECUTE ON FUNCTION f(arg, kind) TO web;
-- to
CREATE TYPE arg AS (a text);
CREATE TYPE kind AS ENUM ('y', 'x');
CREATE FUNCTION f(arg, kind DEFAULT 'x') RETURNS SETOF arg LANGUAGE sql AS 'SELECT $1';
CREATE PROCEDURE p(arg) LANGUAGE sql AS 'SELECT $1';
GRANT EXECUTE ON FUNCTION f(arg, kind) TO web;
-- pair: comments, owners and grants of types
CREATE TYPE e AS ENUM ('a');
CREATE TYPE c AS (a integer);
CREATE DOMAIN d AS integer;
CREATE TYPE r AS RANGE (subtype = float8);
-- to
CREATE TYPE e AS ENUM ('a');
CREATE TYPE c AS (a integer);
CREATE DOMAIN d AS integer;
CREATE TYPE r AS RANGE (subtype = float8);
COMMENT ON TYPE e IS 'e';
COMMENT ON TYPE c IS 'c';
COMMENT ON COLUMN c.a IS 'attribute';
COMMENT ON DOMAIN d IS 'd';
COMMENT ON TYPE r IS 'r';
ALTER TYPE c OWNER TO boss;
ALTER DOMAIN d OWNER TO boss;
ALTER TYPE r OWNER TO boss;
REVOKE ALL ON TYPE r FROM PUBLIC;
GRANT USAGE ON TYPE c TO web WITH GRANT OPTION;
