-- purpose: mark the staged rows whose unique values are held by rows that are not part of the batch, or by an older staged row. The indexes come
--          from the catalog, so that predicates, expressions and NULLS NOT DISTINCT count; one that cannot be computed for all rows is left out
-- reads:   pg_catalog, the stage, the table
-- writes:  the stage
-- locks:   ACCESS SHARE on the table
DO $ponte$
DECLARE
  held record;
BEGIN
  FOR held IN
    SELECT quote_literal(c.relname) AS name, coalesce(pg_get_expr(x.indpred, x.indrelid), 'true') AS predicate,
           string_agg(pg_get_indexdef(x.indexrelid, n, false) || ' AS u' || n, ', ' ORDER BY n) AS listed,
           string_agg('w.u' || n, ', ' ORDER BY n) AS names,
           string_agg('o.u' || n || CASE WHEN nulls.equal THEN ' IS NOT DISTINCT FROM ' ELSE ' = ' END || 'w.u' || n, ' AND ' ORDER BY n) AS same,
           string_agg(CASE WHEN nulls.equal THEN 'true' ELSE 'w.u' || n || ' IS NOT NULL' END, ' AND ' ORDER BY n) AS complete
    FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class c ON c.oid = x.indexrelid, generate_series(1, x.indnkeyatts) n,
         LATERAL (SELECT coalesce((to_jsonb(x) ->> 'indnullsnotdistinct')::boolean, false) AS equal) nulls
    WHERE x.indrelid = {table}::regclass AND x.indisunique AND x.indisvalid AND NOT x.indisexclusion
    GROUP BY c.relname, x.indpred, x.indrelid
  LOOP
    BEGIN
      EXECUTE 'WITH wanted AS (SELECT r."ponte staged", r."ponte age", ' || held.listed || ' FROM (' || {staged_rows} || ') r WHERE ' || held.predicate || '),
        kept AS (SELECT ' || held.listed || ' FROM (' || {kept_rows} || ') r WHERE ' || held.predicate || '),
        clash AS (
          SELECT w."ponte staged" AS staged FROM wanted w JOIN kept o ON ' || held.same || '
          UNION
          SELECT d.staged FROM (
            SELECT w."ponte staged" AS staged, row_number() OVER (PARTITION BY ' || held.names || ' ORDER BY w."ponte age", w."ponte staged") AS n
            FROM wanted w WHERE ' || held.complete || ') d WHERE d.n > 1)
        UPDATE ' || {stage} || ' s SET refused = array_append(s.refused, ' || held.name || ') FROM clash c WHERE s.ctid = c.staged';
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
  END LOOP;
END $ponte$
