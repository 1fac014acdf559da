-- pair: routines go
CREATE FUNCTION f(a integer, VARIADIC b text[]) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION g(INOUT a integer, OUT b text) LANGUAGE sql AS 'SELECT 1, ''x''';
CREATE PROCEDURE p(a integer, INOUT b text) LANGUAGE plpgsql AS 'BEGIN END';
CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer);
CREATE FUNCTION "Odd f"("A a" integer DEFAULT 3) RETURNS integer LANGUAGE sql AS 'SELECT 1';
-- to
-- pair: comments, owners and grants of routines
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer);
-- to
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer);
COMMENT ON FUNCTION f() IS 'f';
COMMENT ON PROCEDURE p() IS 'p';
COMMENT ON AGGREGATE total(integer) IS 'total';
ALTER FUNCTION f() OWNER TO boss;
ALTER PROCEDURE p() OWNER TO boss;
ALTER AGGREGATE total(integer) OWNER TO boss;
REVOKE ALL ON FUNCTION f() FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE p() TO web WITH GRANT OPTION;
REVOKE ALL ON FUNCTION total(integer) FROM PUBLIC;
-- pair: what a function says of itself changes
CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql VOLATILE AS 'SELECT 1';
CREATE FUNCTION g() RETURNS SETOF integer LANGUAGE sql ROWS 5 COST 7 AS 'SELECT 1';
CREATE FUNCTION h() RETURNS integer LANGUAGE sql SET work_mem = '8MB' AS 'SELECT 1';
-- to
CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE SECURITY DEFINER AS 'SELECT 1';
CREATE FUNCTION g() RETURNS SETOF integer LANGUAGE sql ROWS 50 AS 'SELECT 1';
CREATE FUNCTION h() RETURNS integer LANGUAGE sql SET search_path = pg_catalog, "$user" SET datestyle = 'iso, dmy' AS 'SELECT 1';
-- pair: defaults of arguments come and change
CREATE FUNCTION f(a integer, b text) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION g(a integer DEFAULT 1, b text DEFAULT 'x') RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE VIEW v AS SELECT g();
-- to
CREATE FUNCTION f(a integer, b text DEFAULT 'y, z') RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION g(a integer DEFAULT 2, b text DEFAULT 'y') RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE VIEW v AS SELECT g();
-- pair: the columns of what a function returns change
CREATE FUNCTION f() RETURNS TABLE (a integer, b text) LANGUAGE sql AS 'SELECT 1, ''x''';
CREATE FUNCTION g(OUT a integer, OUT b text) LANGUAGE sql AS 'SELECT 1, ''x''';
CREATE VIEW v AS SELECT a FROM f();
-- to
CREATE FUNCTION f() RETURNS TABLE (a integer, b text, c date) LANGUAGE sql AS 'SELECT 1, ''x'', NULL::date';
CREATE FUNCTION g(OUT a integer, OUT c text) LANGUAGE sql AS 'SELECT 1, ''x''';
CREATE VIEW v AS SELECT a FROM f();
-- pair: a function becomes one of a set
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
-- to
CREATE FUNCTION f() RETURNS SETOF integer LANGUAGE sql AS 'SELECT 1';
-- pair: a function becomes an aggregate
CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
-- to
CREATE AGGREGATE f(integer) (SFUNC = int4pl, STYPE = integer);
-- pair: a procedure changes its body and its arguments
CREATE PROCEDURE p(a integer) LANGUAGE plpgsql AS 'BEGIN END';
CREATE PROCEDURE q(a integer) LANGUAGE plpgsql AS 'BEGIN END';
-- to
CREATE PROCEDURE p(a integer) LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE PROCEDURE q(b integer, c text DEFAULT 'x') LANGUAGE plpgsql AS 'BEGIN END';
-- pair: functions that call each other
-- to
CREATE FUNCTION a(integer) RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN b($1); END';
CREATE FUNCTION b(integer) RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN a($1); END';
CREATE FUNCTION "a z"(integer) RETURNS integer LANGUAGE sql AS $x$ SELECT $$1$$::integer; $x$;
-- pair: bodies that are looked at when they are made stand on each other
-- since: 14
-- to
CREATE TABLE t (a integer);
CREATE FUNCTION z() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT count(*)::integer FROM t; END;
CREATE FUNCTION y() RETURNS integer LANGUAGE sql RETURN z() + 1;
CREATE FUNCTION a(n integer DEFAULT y()) RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT y() + n; END;
CREATE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (a()); DELETE FROM t WHERE a < y(); END;
-- pair: a body that is looked at loses the column that it reads
-- since: 14
CREATE TABLE t (a integer, b integer);
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT sum(b) FROM t; END;
CREATE FUNCTION g() RETURNS bigint LANGUAGE sql RETURN f();
CREATE VIEW v AS SELECT g();
-- rows
INSERT INTO t VALUES (1, 2);
-- to
CREATE TABLE t (a integer);
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT sum(a) FROM t; END;
CREATE FUNCTION g() RETURNS bigint LANGUAGE sql RETURN f();
CREATE VIEW v AS SELECT g();
-- pair: aggregates of every kind
-- to
CREATE FUNCTION final(integer) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text';
CREATE FUNCTION step(integer, integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2 + $3';
CREATE AGGREGATE two(a integer, b integer) (SFUNC = step, STYPE = integer, FINALFUNC = final, INITCOND = '0');
CREATE AGGREGATE moving(integer) (SFUNC = int4pl, STYPE = integer, MSFUNC = int4pl, MINVFUNC = int4mi, MSTYPE = integer, MINITCOND = '1', INITCOND = '1');
CREATE AGGREGATE least_of(integer) (SFUNC = int4smaller, STYPE = integer, SORTOP = <);
CREATE AGGREGATE middle(float8 ORDER BY integer) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
CREATE AGGREGATE listed(VARIADIC text[]) (SFUNC = array_cat, STYPE = text[], SSPACE = 200, FINALFUNC_MODIFY = READ_WRITE);
-- pair: a function under an aggregate changes
CREATE FUNCTION step(a integer, b integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
CREATE AGGREGATE total(integer) (SFUNC = step, STYPE = integer);
CREATE VIEW v AS SELECT total(1);
-- to
CREATE FUNCTION step(x integer, y integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
CREATE AGGREGATE total(integer) (SFUNC = step, STYPE = integer);
CREATE VIEW v AS SELECT total(1);
-- pair: a window function and one with a support of its own
-- to
CREATE FUNCTION third() RETURNS bigint LANGUAGE internal WINDOW AS 'window_row_number';
CREATE FUNCTION fast(integer) RETURNS integer LANGUAGE internal IMMUTABLE STRICT AS 'int4inc';
CREATE FUNCTION polymorphic(anyelement, anyarray) RETURNS anyelement LANGUAGE sql AS 'SELECT $1';
-- pair: a trigger changes its function under the same name
CREATE TABLE t (a integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
COMMENT ON TRIGGER g ON t IS 'kept';
-- to
CREATE TABLE t (a integer);
CREATE FUNCTION h() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION h();
COMMENT ON TRIGGER g ON t IS 'kept';
-- pair: a constraint trigger changes when it is checked
CREATE TABLE t (a integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE CONSTRAINT TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- to
CREATE TABLE t (a integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE CONSTRAINT TRIGGER g AFTER INSERT OR UPDATE OF a ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f('arg', 'it''s');
-- pair: a column that a trigger and a rule name goes
CREATE TABLE t (a integer, b integer);
CREATE TABLE log (a integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g BEFORE UPDATE OF b ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER w BEFORE UPDATE ON t FOR EACH ROW WHEN (NEW.b > 0) EXECUTE FUNCTION f();
CREATE RULE r AS ON INSERT TO t WHERE NEW.b > 0 DO ALSO INSERT INTO log VALUES (NEW.b);
-- to
CREATE TABLE t (a integer);
CREATE TABLE log (a integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER w BEFORE UPDATE ON t FOR EACH ROW WHEN (NEW.a > 0) EXECUTE FUNCTION f();
CREATE RULE r AS ON INSERT TO t WHERE NEW.a > 0 DO ALSO INSERT INTO log VALUES (NEW.a);
-- pair: a disabled trigger, a truncating one and one for replicas
CREATE TABLE t (a integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER one AFTER TRUNCATE ON t EXECUTE FUNCTION f();
CREATE TRIGGER two AFTER DELETE ON t REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION f();
ALTER TABLE t DISABLE TRIGGER one;
ALTER TABLE t ENABLE REPLICA TRIGGER two;
-- to
CREATE TABLE t (a integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER one AFTER TRUNCATE ON t EXECUTE FUNCTION f();
CREATE TRIGGER two AFTER DELETE ON t REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION f();
ALTER TABLE t ENABLE ALWAYS TRIGGER one;
-- pair: a rule changes and gets a comment
CREATE TABLE t (a integer);
CREATE TABLE u (a integer);
CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING;
-- to
CREATE TABLE t (a integer);
CREATE TABLE u (a integer);
CREATE RULE r AS ON INSERT TO t DO INSTEAD (INSERT INTO u VALUES (NEW.a); UPDATE u SET a = a + 1 WHERE a = NEW.a; DELETE FROM u WHERE a = 0);
COMMENT ON RULE r ON t IS 'three things';
ALTER TABLE t ENABLE ALWAYS RULE r;
-- pair: a policy changes its roles, another its command
CREATE TABLE t (a integer, b text);
CREATE POLICY p ON t FOR SELECT TO web USING (a > 0);
CREATE POLICY q ON t FOR DELETE USING (a > 0);
COMMENT ON POLICY p ON t IS 'kept';
-- to
CREATE TABLE t (a integer, b text);
CREATE POLICY p ON t FOR SELECT TO web, clerk USING (a > 0);
CREATE POLICY q ON t AS RESTRICTIVE FOR UPDATE TO CURRENT_USER USING (a > 0) WITH CHECK (b <> '');
COMMENT ON POLICY p ON t IS 'kept';
-- pair: a policy reads another table and a view
CREATE TABLE t (a integer, b text);
-- to
CREATE TABLE t (a integer, b text);
CREATE TABLE allowed (who text, a integer);
CREATE VIEW mine AS SELECT a FROM allowed WHERE who = CURRENT_USER;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t USING (EXISTS (SELECT FROM mine m WHERE m.a = t.a)) WITH CHECK (a IN (SELECT allowed.a FROM allowed));
-- pair: row security is only forced, then only enabled
CREATE TABLE t (a integer);
ALTER TABLE t FORCE ROW LEVEL SECURITY;
CREATE TABLE u (a integer);
ALTER TABLE u ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- to
CREATE TABLE t (a integer);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE TABLE u (a integer);
ALTER TABLE u FORCE ROW LEVEL SECURITY;
-- pair: a table that two policies read goes
CREATE TABLE t (a integer);
CREATE TABLE allowed (a integer);
CREATE POLICY p ON t USING (a IN (SELECT allowed.a FROM allowed));
CREATE POLICY q ON t FOR INSERT WITH CHECK (a IN (SELECT allowed.a FROM allowed));
-- to
CREATE TABLE t (a integer);
CREATE POLICY p ON t USING (a > 0);
-- pair: event triggers change
CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER {schema}_one ON sql_drop WHEN TAG IN ('DROP CAST') EXECUTE FUNCTION on_ddl();
CREATE EVENT TRIGGER {schema}_two ON table_rewrite EXECUTE FUNCTION on_ddl();
COMMENT ON EVENT TRIGGER {schema}_two IS 'kept';
-- to
CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE EVENT TRIGGER {schema}_one ON sql_drop WHEN TAG IN ('DROP CAST', 'DROP DOMAIN') EXECUTE FUNCTION on_ddl();
CREATE EVENT TRIGGER {schema}_two ON table_rewrite EXECUTE FUNCTION on_ddl();
ALTER EVENT TRIGGER {schema}_two ENABLE REPLICA;
COMMENT ON EVENT TRIGGER {schema}_two IS 'kept';
