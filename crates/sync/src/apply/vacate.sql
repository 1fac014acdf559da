-- purpose: take unique values off rows that are about to change or go, where another row of the batch takes them over: an index that is checked row by
--          row refuses two rows that swap. The value becomes NULL where it may, else something that nobody has; the rest of the batch overwrites it
-- reads:   pg_catalog, the plan, the stage
-- writes:  the table; the plan
-- locks:   ROW EXCLUSIVE on the table
DO $ponte$
DECLARE
  held record;
  moving text;
BEGIN
  FOR held IN
    SELECT d.*, quote_ident(a.attname) AS name, a.attnotnull OR d.nulls_equal AS filled,
           CASE WHEN y.typcategory = 'S' THEN 't.' || quote_ident(a.attname) || ' || replace(gen_random_uuid()::text, ''-'', '''')'
                WHEN 'uuid'::regtype IN (y.oid, y.typbasetype) THEN 'gen_random_uuid()'
                WHEN y.typcategory = 'N' THEN '(SELECT max(x.' || quote_ident(a.attname) || ') FROM ' || {table_sql} || ' x) + v.n'
                WHEN y.typcategory = 'D' THEN '(SELECT max(x.' || quote_ident(a.attname) || ') FROM ' || {table_sql} || ' x) + v.n * interval ''1 day'''
           END AS other
    FROM (
      SELECT x.indexrelid, x.indrelid, x.indkey, nulls.equal AS nulls_equal, coalesce(pg_get_expr(x.indpred, x.indrelid), 'true') AS predicate,
             string_agg(pg_get_indexdef(x.indexrelid, n, false) || ' AS u' || n, ', ' ORDER BY n) AS listed,
             string_agg('o.u' || n || CASE WHEN nulls.equal THEN ' IS NOT DISTINCT FROM ' ELSE ' = ' END || 'w.u' || n, ' AND ' ORDER BY n) AS same
      FROM pg_catalog.pg_index x, generate_series(1, x.indnkeyatts) n,
           LATERAL (SELECT coalesce((to_jsonb(x) ->> 'indnullsnotdistinct')::boolean, false) AS equal) nulls
      WHERE x.indrelid = {table}::regclass AND x.indisunique AND x.indimmediate AND x.indisvalid AND NOT x.indisexclusion
      GROUP BY x.indexrelid, x.indrelid, x.indkey, x.indpred, nulls.equal) d,
      LATERAL (
        SELECT a.* FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = d.indrelid AND a.attnum > 0 AND a.attgenerated = '' AND a.attname <> ALL (ARRAY[{key_names}]::name[])
          AND (a.attnum = ANY (d.indkey) OR EXISTS (
            SELECT FROM pg_catalog.pg_depend g WHERE g.classid = 'pg_class'::regclass AND g.objid = d.indexrelid AND g.refobjid = d.indrelid AND g.refobjsubid = a.attnum))
          AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_constraint f WHERE f.contype = 'f'
              AND (f.conrelid = d.indrelid AND a.attnum = ANY (f.conkey) OR f.confrelid = d.indrelid AND a.attnum = ANY (f.confkey)))
        ORDER BY a.attnotnull, a.attnum LIMIT 1) a
      JOIN pg_catalog.pg_type y ON y.oid = a.atttypid
  LOOP
    moving := ' FROM (
        SELECT o."ponte plan", row_number() OVER () AS n
        FROM (SELECT r."ponte plan", ' || held.listed || ' FROM (' || {holder_rows} || ') r WHERE ' || held.predicate || ') o
        JOIN (SELECT r."ponte plan", ' || held.listed || ' FROM (' || {wanted_rows} || ') r WHERE ' || held.predicate || ') w
          ON ' || held.same || ' AND w."ponte plan" <> o."ponte plan") v JOIN ' || {plan} || ' p ON p.ctid = v."ponte plan"
      WHERE ' || {matches} || ' RETURNING p.ctid AS planned, t.xmin AS seen)
      UPDATE ' || {plan} || ' p SET seen = m.seen, parked = true FROM moved m WHERE p.ctid = m.planned';
    BEGIN
      IF held.filled THEN RAISE integrity_constraint_violation; END IF;
      EXECUTE 'WITH moved AS (UPDATE ' || {table_sql} || ' t SET ' || held.name || ' = NULL' || moving;
    EXCEPTION
      WHEN undefined_column THEN NULL;
      WHEN integrity_constraint_violation OR data_exception OR not_null_violation OR check_violation THEN
        IF held.other IS NOT NULL THEN
          EXECUTE 'WITH moved AS (UPDATE ' || {table_sql} || ' t SET ' || held.name || ' = ' || held.other || moving;
        END IF;
    END;
  END LOOP;
END $ponte$
