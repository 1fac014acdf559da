-- pair: a view and a function need each other
-- to
CREATE TABLE t (a integer, b text);
CREATE VIEW v AS SELECT a, b FROM t;
CREATE FUNCTION first_of(v) RETURNS integer LANGUAGE sql AS 'SELECT ($1).a';
CREATE OR REPLACE VIEW v AS SELECT a, b, first_of(NULL) AS f FROM t;
-- pair: a view calls a function that returns its rows
CREATE TABLE t (a integer, "B b" text COLLATE "C");
-- to
CREATE TABLE t (a integer, "B b" text COLLATE "C");
CREATE VIEW v AS SELECT a, "B b" FROM t;
CREATE FUNCTION all_v() RETURNS SETOF v LANGUAGE sql STABLE AS 'SELECT a, "B b" FROM t';
CREATE OR REPLACE VIEW v WITH (security_barrier = true) AS SELECT a, "B b" FROM all_v();
COMMENT ON VIEW v IS 'round';
GRANT SELECT ON v TO web;
-- pair: two views that need each other by way of functions
-- to
CREATE VIEW one AS SELECT 1 AS a;
CREATE VIEW two AS SELECT 2 AS a;
CREATE FUNCTION f_one(one) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION f_two(two) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE OR REPLACE VIEW one AS SELECT f_two(NULL) AS a;
CREATE OR REPLACE VIEW two AS SELECT f_one(NULL) AS a;
-- pair: a view in a ring with a function changes
CREATE VIEW v AS SELECT 1 AS a;
CREATE FUNCTION f(v) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE OR REPLACE VIEW v AS SELECT f(NULL) AS a;
-- to
CREATE VIEW v AS SELECT 1 AS a, 'x'::text AS b;
CREATE FUNCTION f(v) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE OR REPLACE VIEW v AS SELECT f(NULL) AS a, 'x'::text AS b;
-- pair: a view gives a column another name
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT a AS x FROM t;
CREATE VIEW w AS SELECT x FROM v;
-- to
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT a AS y FROM t;
CREATE VIEW w AS SELECT y AS x FROM v;
-- pair: columns of a view change their order under grants on columns
CREATE TABLE t (a integer, b integer, c integer);
CREATE VIEW v AS SELECT a, b FROM t;
GRANT SELECT (a) ON v TO web;
COMMENT ON COLUMN v.b IS 'b';
ALTER VIEW v ALTER COLUMN a SET DEFAULT 1;
-- to
CREATE TABLE t (a integer, b integer, c integer);
CREATE VIEW v AS SELECT c, b, a FROM t;
GRANT SELECT (a) ON v TO web;
COMMENT ON COLUMN v.b IS 'b';
ALTER VIEW v ALTER COLUMN a SET DEFAULT 1;
-- pair: the options of a view change with its text
CREATE TABLE t (a integer);
CREATE VIEW v WITH (security_barrier = true) AS SELECT a FROM t;
CREATE VIEW w WITH (check_option = local) AS SELECT a FROM t WHERE a > 0;
-- to
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT a FROM t WHERE a > 1;
CREATE VIEW w WITH (security_barrier = false) AS SELECT a FROM t WHERE a > 2 WITH CASCADED CHECK OPTION;
-- pair: views over joins, sets, windows and common tables
-- to
CREATE TABLE t (a integer, b text, c date);
CREATE TABLE u (a integer, d numeric);
CREATE VIEW joined AS SELECT * FROM t JOIN u USING (a);
CREATE VIEW named AS SELECT x.a AS "Value", x.b FROM (SELECT a, b FROM t) AS x (a, b);
CREATE VIEW sets AS SELECT a FROM t UNION ALL (SELECT a FROM u EXCEPT SELECT 1) ORDER BY 1 LIMIT 5;
CREATE VIEW windows AS SELECT a, rank() OVER w, sum(a) FILTER (WHERE a > 0) OVER (w ROWS 2 PRECEDING) FROM t WINDOW w AS (PARTITION BY b ORDER BY c);
CREATE VIEW common AS WITH x AS MATERIALIZED (SELECT a FROM t) SELECT x.a, u.d FROM x LEFT JOIN LATERAL (SELECT d FROM u WHERE u.a = x.a) u ON true;
CREATE VIEW grouped AS SELECT b, c, count(*) FROM t GROUP BY GROUPING SETS ((b), (c), ());
CREATE VIEW valued AS SELECT * FROM (VALUES (1, 'x'), (2, 'y')) AS v (n, s) WHERE n IN (SELECT a FROM t) OR s ~ 'a''b';
CREATE VIEW generated AS SELECT g, row_to_json(t) AS whole FROM t, generate_series(1, t.a) WITH ORDINALITY AS s (g, o);
-- pair: a view that is grouped by a key loses it
CREATE TABLE t (a integer PRIMARY KEY, b text);
CREATE VIEW v AS SELECT a, b, count(*) FROM t GROUP BY a;
-- rows
INSERT INTO t VALUES (1, 'x');
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, c integer);
CREATE VIEW v AS SELECT a, b, c, count(*) FROM t GROUP BY a;
-- pair: the key of a table under a grouped view changes
CREATE TABLE t (a integer CONSTRAINT pk PRIMARY KEY, b text);
CREATE VIEW v AS SELECT a, b, count(*) FROM t GROUP BY a;
-- rows
INSERT INTO t VALUES (1, 'x');
-- to
CREATE TABLE t (a integer, b text, CONSTRAINT pk PRIMARY KEY (a) INCLUDE (b));
CREATE VIEW v AS SELECT a, b, count(*) FROM t GROUP BY a;
-- pair: a materialized view gets a column that others read
CREATE TABLE t (a integer, b integer);
CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
CREATE VIEW v AS SELECT a FROM m;
CREATE MATERIALIZED VIEW n AS SELECT a FROM v;
-- to
CREATE TABLE t (a integer, b integer);
CREATE MATERIALIZED VIEW m AS SELECT a, b FROM t;
CREATE VIEW v AS SELECT a, b FROM m;
CREATE MATERIALIZED VIEW n AS SELECT a FROM v;
-- pair: options, owner, comment and statistics of a materialized view
CREATE TABLE t (a integer, b text);
CREATE MATERIALIZED VIEW m WITH (fillfactor = 70) AS SELECT a, b FROM t;
-- to
CREATE TABLE t (a integer, b text);
CREATE MATERIALIZED VIEW m WITH (autovacuum_enabled = false) AS SELECT a, b FROM t;
ALTER MATERIALIZED VIEW m ALTER COLUMN a SET STATISTICS 40;
ALTER MATERIALIZED VIEW m OWNER TO boss;
COMMENT ON MATERIALIZED VIEW m IS 'm';
COMMENT ON COLUMN m.a IS 'a';
GRANT SELECT ON m TO web;
GRANT SELECT ON t TO boss;
-- pair: a materialized view is filled later
CREATE TABLE t (a integer);
CREATE MATERIALIZED VIEW m AS SELECT a FROM t WITH NO DATA;
-- to
CREATE TABLE t (a integer);
CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
-- pair: a view becomes a table and a table a view
CREATE TABLE a (x integer);
CREATE VIEW b AS SELECT x FROM a;
-- to
CREATE TABLE b (x integer);
CREATE VIEW a AS SELECT x FROM b;
-- pair: a view whose table is made anew
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT a FROM t;
CREATE RULE r AS ON UPDATE TO v DO INSTEAD NOTHING;
-- to
CREATE TABLE t (a integer, PRIMARY KEY (a)) PARTITION BY LIST (a);
CREATE VIEW v AS SELECT a FROM t;
CREATE RULE r AS ON UPDATE TO v DO INSTEAD NOTHING;
-- pair: triggers of a view that is made anew
CREATE TABLE t (a integer, b integer);
CREATE VIEW v AS SELECT a, b FROM t;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g INSTEAD OF INSERT OR UPDATE ON v FOR EACH ROW EXECUTE FUNCTION f();
COMMENT ON TRIGGER g ON v IS 'kept';
CREATE TRIGGER s AFTER INSERT ON v FOR EACH STATEMENT EXECUTE FUNCTION f();
-- to
CREATE TABLE t (a integer, b integer);
CREATE VIEW v AS SELECT b, a FROM t;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g INSTEAD OF INSERT OR UPDATE ON v FOR EACH ROW EXECUTE FUNCTION f();
COMMENT ON TRIGGER g ON v IS 'kept';
CREATE TRIGGER s AFTER INSERT ON v FOR EACH STATEMENT EXECUTE FUNCTION f();
-- pair: a view reads what sorts and collates
CREATE COLLATION old (provider = icu, locale = 'de');
CREATE TABLE t (a text COLLATE old);
CREATE VIEW v AS SELECT a FROM t ORDER BY a COLLATE old;
-- rows
INSERT INTO t VALUES ('a');
-- to
CREATE COLLATION old (provider = icu, locale = 'fr');
CREATE TABLE t (a text COLLATE old);
CREATE VIEW v AS SELECT a FROM t ORDER BY a COLLATE old;
