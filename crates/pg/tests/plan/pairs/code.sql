-- pair: a view comes
CREATE TABLE t (a integer, b text);
-- to
CREATE TABLE t (a integer, b text);
CREATE VIEW v AS SELECT a, b AS "B b" FROM t WHERE a > 0;
CREATE VIEW w AS SELECT * FROM v;
-- pair: a view gets a column at the end
CREATE TABLE t (a integer, b text);
CREATE VIEW v AS SELECT a FROM t;
CREATE VIEW w AS SELECT a FROM v;
-- to
CREATE TABLE t (a integer, b text);
CREATE VIEW v AS SELECT a, b FROM t;
CREATE VIEW w AS SELECT a FROM v;
-- pair: a view loses a column, and others look through it
CREATE TABLE t (a integer, b text);
CREATE VIEW v AS SELECT a, b FROM t;
CREATE VIEW w AS SELECT a FROM v;
CREATE MATERIALIZED VIEW m AS SELECT a FROM w;
CREATE INDEX m_a ON m (a);
COMMENT ON VIEW w IS 'kept';
GRANT SELECT ON w TO web;
-- to
CREATE TABLE t (a integer, b text);
CREATE VIEW v AS SELECT a FROM t;
CREATE VIEW w AS SELECT a FROM v;
CREATE MATERIALIZED VIEW m AS SELECT a FROM w;
CREATE INDEX m_a ON m (a);
COMMENT ON VIEW w IS 'kept';
GRANT SELECT ON w TO web;
-- pair: a column under a stack of views changes type
CREATE TABLE t (a integer, b text);
CREATE VIEW v AS SELECT a, b FROM t;
CREATE VIEW w WITH (security_barrier = true) AS SELECT a FROM v;
COMMENT ON COLUMN w.a IS 'seen';
GRANT SELECT (a) ON v TO clerk;
CREATE RULE r AS ON INSERT TO w DO INSTEAD INSERT INTO t VALUES (NEW.a);
CREATE FUNCTION on_v() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION on_v();
-- rows
INSERT INTO t VALUES (1, 'x');
-- to
CREATE TABLE t (a bigint, b text);
CREATE VIEW v AS SELECT a, b FROM t;
CREATE VIEW w WITH (security_barrier = true) AS SELECT a FROM v;
COMMENT ON COLUMN w.a IS 'seen';
GRANT SELECT (a) ON v TO clerk;
CREATE RULE r AS ON INSERT TO w DO INSTEAD INSERT INTO t VALUES (NEW.a);
CREATE FUNCTION on_v() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION on_v();
-- pair: options of a view
-- since: 15
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT a FROM t;
CREATE VIEW x WITH (security_barrier = true) AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer);
CREATE VIEW v WITH (security_invoker = true, check_option = local) AS SELECT a FROM t;
CREATE VIEW x AS SELECT a FROM t;
-- pair: a default on a column of a view
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT a FROM t;
ALTER VIEW v ALTER COLUMN a SET DEFAULT 5;
COMMENT ON COLUMN v.a IS 'with a default';
-- pair: a view that is grouped by a primary key
CREATE TABLE t (a integer, b text);
-- rows
INSERT INTO t VALUES (1, 'x');
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text);
CREATE VIEW v AS SELECT a, b, count(*) FROM t GROUP BY a;
-- pair: a table becomes a view
CREATE TABLE t (a integer);
CREATE TABLE v (a integer);
-- to
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT a FROM t;
-- pair: a view becomes a materialized one
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer);
CREATE MATERIALIZED VIEW v AS SELECT a FROM t WITH NO DATA;
CREATE UNIQUE INDEX v_a ON v (a);
-- pair: a materialized view changes
CREATE TABLE t (a integer);
CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
CREATE UNIQUE INDEX m_a ON m (a);
COMMENT ON MATERIALIZED VIEW m IS 'm';
-- to
CREATE TABLE t (a integer);
CREATE MATERIALIZED VIEW m WITH (fillfactor = 80) AS SELECT a FROM t WHERE a > 0;
CREATE UNIQUE INDEX m_a ON m (a);
COMMENT ON MATERIALIZED VIEW m IS 'm';
-- pair: a recursive view and one with a subquery
-- to
CREATE TABLE t (id integer PRIMARY KEY, up integer REFERENCES t);
CREATE RECURSIVE VIEW tree (id, depth) AS SELECT id, 1 FROM t WHERE up IS NULL UNION ALL SELECT t.id, depth + 1 FROM t JOIN tree ON tree.id = t.up;
CREATE VIEW deep AS SELECT id FROM tree WHERE depth > (SELECT avg(depth) FROM tree);
-- pair: functions of many kinds
-- since: 14
-- to
CREATE FUNCTION a(x integer DEFAULT 1, VARIADIC r text[] DEFAULT '{}') RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE COST 5 AS 'SELECT x';
CREATE FUNCTION b(OUT x integer, OUT y text) LANGUAGE sql AS $$SELECT 1, 'it''s $tag$ here'$$;
CREATE FUNCTION c() RETURNS TABLE (k integer, v text) LANGUAGE plpgsql ROWS 10 AS $$BEGIN RETURN QUERY SELECT 1, 'x'; END$$;
CREATE FUNCTION d() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT ''x''';
CREATE PROCEDURE e(INOUT n integer) LANGUAGE plpgsql AS $$
-- a comment; with a semicolon
BEGIN
  n := n + 1;
END;
$$;
CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT BEGIN ATOMIC SELECT $1 + 1; END;
CREATE FUNCTION g(integer) RETURNS integer LANGUAGE sql RETURN $1 + 2;
-- pair: a body names what comes later
-- to
CREATE FUNCTION peek() RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT a FROM later); END';
CREATE TABLE later (a integer);
CREATE FUNCTION peek2() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM later';
-- pair: the body of a function changes
CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a';
CREATE VIEW v AS SELECT f(1);
-- to
CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE plpgsql STABLE AS 'BEGIN RETURN a + 1; END';
CREATE VIEW v AS SELECT f(1);
-- pair: a function under a view returns something else
CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a';
CREATE VIEW v AS SELECT f(1) AS x;
GRANT SELECT ON v TO web;
-- to
CREATE FUNCTION f(a integer) RETURNS text LANGUAGE sql AS 'SELECT a::text';
CREATE VIEW v AS SELECT f(1) AS x;
GRANT SELECT ON v TO web;
-- pair: an argument is renamed, and one loses its default
CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION g(a integer DEFAULT 1) RETURNS integer LANGUAGE sql AS 'SELECT $1';
-- to
CREATE FUNCTION f(b integer) RETURNS integer LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION g(a integer) RETURNS integer LANGUAGE sql AS 'SELECT $1';
-- pair: overloads come and go
CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION f(a text) RETURNS text LANGUAGE sql AS 'SELECT $1';
-- to
CREATE FUNCTION f(a text) RETURNS text LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION f(a text, b text) RETURNS text LANGUAGE sql AS 'SELECT $1';
-- pair: a function becomes a procedure
CREATE FUNCTION f(a integer) RETURNS void LANGUAGE sql AS 'SELECT 1';
-- to
CREATE PROCEDURE f(a integer) LANGUAGE sql AS 'SELECT 1';
-- pair: a function with a tracked body stands on a table that changes
-- since: 14
CREATE TABLE t (a integer);
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT sum(a) FROM t; END;
CREATE VIEW v AS SELECT f();
-- to
CREATE TABLE t (a smallint);
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT sum(a) FROM t; END;
CREATE VIEW v AS SELECT f();
-- pair: aggregates
-- to
CREATE FUNCTION add(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
CREATE AGGREGATE total(integer) (SFUNC = add, STYPE = integer, INITCOND = '0', PARALLEL = SAFE, COMBINEFUNC = add);
CREATE AGGREGATE counted(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0');
-- pair: an aggregate changes
CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer);
CREATE VIEW v AS SELECT total(1);
-- to
CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '5');
CREATE VIEW v AS SELECT total(1);
-- pair: triggers come
CREATE TABLE t (a integer, b text);
-- to
CREATE TABLE t (a integer, b text);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER one BEFORE UPDATE OF a ON t FOR EACH ROW WHEN (OLD.a <> NEW.a) EXECUTE FUNCTION f('x');
CREATE TRIGGER two AFTER INSERT ON t REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION f();
CREATE CONSTRAINT TRIGGER three AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f();
ALTER TABLE t DISABLE TRIGGER one;
ALTER TABLE t ENABLE ALWAYS TRIGGER two;
COMMENT ON TRIGGER three ON t IS 'late';
-- pair: triggers change
CREATE TABLE t (a integer, b text);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER one BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER two BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();
-- to
CREATE TABLE t (a integer, b text);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
CREATE TRIGGER one BEFORE UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER two BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();
ALTER TABLE t ENABLE REPLICA TRIGGER two;
-- pair: a column that a trigger watches changes type
CREATE TABLE t (a integer, b text);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER one BEFORE UPDATE OF a ON t FOR EACH ROW WHEN (NEW.a > 0) EXECUTE FUNCTION f();
-- to
CREATE TABLE t (a bigint, b text);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER one BEFORE UPDATE OF a ON t FOR EACH ROW WHEN (NEW.a > 0) EXECUTE FUNCTION f();
-- pair: a trigger on a partitioned table
CREATE TABLE t (a integer) PARTITION BY LIST (a);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1);
-- to
CREATE TABLE t (a integer) PARTITION BY LIST (a);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- pair: rules
CREATE TABLE t (a integer);
CREATE RULE gone AS ON DELETE TO t DO INSTEAD NOTHING;
-- to
CREATE TABLE t (a integer);
CREATE TABLE log (a integer);
CREATE RULE noted AS ON INSERT TO t DO ALSO (INSERT INTO log VALUES (NEW.a); NOTIFY t);
ALTER TABLE t DISABLE RULE noted;
-- pair: policies come
CREATE TABLE t (a integer, who text);
-- to
CREATE TABLE t (a integer, who text);
ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON t FOR SELECT TO web, clerk USING (who = CURRENT_USER);
CREATE POLICY write ON t AS RESTRICTIVE FOR INSERT WITH CHECK (a > 0);
CREATE POLICY everything ON t USING (true) WITH CHECK (false);
COMMENT ON POLICY own ON t IS 'mine';
-- pair: policies change
CREATE TABLE t (a integer, who text);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON t FOR SELECT TO web USING (who = CURRENT_USER);
-- to
CREATE TABLE t (a integer, who text);
CREATE POLICY own ON t FOR UPDATE USING (who = CURRENT_USER) WITH CHECK (a > 1);
-- pair: a column that a policy reads changes type
CREATE TABLE t (a integer, who varchar(10));
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON t USING (who = CURRENT_USER);
-- rows
INSERT INTO t VALUES (1, 'me');
-- to
CREATE TABLE t (a integer, who text);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON t USING (who = CURRENT_USER);
-- pair: a policy calls a function that changes its name
CREATE TABLE t (a integer);
CREATE FUNCTION old_check() RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE POLICY p ON t USING (old_check());
-- to
CREATE TABLE t (a integer);
CREATE FUNCTION new_check() RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE POLICY p ON t USING (new_check());
-- pair: extended statistics
-- since: 14
CREATE TABLE t (a integer, b integer, c integer);
CREATE STATISTICS gone (dependencies) ON a, c FROM t;
-- to
CREATE TABLE t (a integer, b integer, c integer);
CREATE STATISTICS s (ndistinct, mcv) ON a, b FROM t;
CREATE STATISTICS e ON (a + 1), (b + 1) FROM t;
ALTER STATISTICS s SET STATISTICS 400;
COMMENT ON STATISTICS s IS 'together';
-- pair: a column under statistics changes type
CREATE TABLE t (a integer, b integer);
CREATE STATISTICS s ON a, b FROM t;
-- to
CREATE TABLE t (a bigint, b integer);
CREATE STATISTICS s ON a, b FROM t;
-- pair: a publication
-- since: 15
CREATE TABLE t (a integer PRIMARY KEY, b text);
CREATE PUBLICATION {schema}_gone FOR TABLE t;
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text);
CREATE TABLE s (a integer PRIMARY KEY);
CREATE PUBLICATION {schema}_p FOR TABLE t (a) WHERE (a > 5), TABLE s WITH (publish = 'insert, update');
CREATE PUBLICATION {schema}_q;
-- pair: an event trigger
-- to
CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER {schema}_watch ON ddl_command_end WHEN TAG IN ('CREATE AGGREGATE', 'DROP AGGREGATE') EXECUTE FUNCTION on_ddl();
ALTER EVENT TRIGGER {schema}_watch DISABLE;
