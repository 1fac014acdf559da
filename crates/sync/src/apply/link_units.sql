-- purpose: give rows one number that can only be written together: those that take over each other's unique values
-- reads:   pg_catalog, the stage, the table
-- writes:  the stage
-- locks:   ACCESS SHARE on the table
DO $ponte$
DECLARE
  held record;
  moved bigint;
  here bigint;
BEGIN
  FOR tries IN 1..64 LOOP
    moved := 0;
    FOR held IN
      SELECT coalesce(pg_get_expr(x.indpred, x.indrelid), 'true') AS predicate,
             string_agg(pg_get_indexdef(x.indexrelid, n, false) || ' AS u' || n, ', ' ORDER BY n) AS listed,
             string_agg('o.u' || n || CASE WHEN nulls.equal THEN ' IS NOT DISTINCT FROM ' ELSE ' = ' END || 'w.u' || n, ' AND ' ORDER BY n) AS same
      FROM pg_catalog.pg_index x, generate_series(1, x.indnkeyatts) n,
           LATERAL (SELECT coalesce((to_jsonb(x) ->> 'indnullsnotdistinct')::boolean, false) AS equal) nulls
      WHERE x.indrelid = {table}::regclass AND x.indisunique AND x.indisvalid AND NOT x.indisexclusion
      GROUP BY x.indexrelid, x.indpred, x.indrelid
    LOOP
      BEGIN
        EXECUTE 'WITH wanted AS (SELECT r."ponte turn", ' || held.listed || ' FROM (' || {wanted_rows} || ') r WHERE ' || held.predicate || '),
          holder AS (SELECT r."ponte turn", ' || held.listed || ' FROM (' || {holder_rows} || ') r WHERE ' || held.predicate || '),
          edge AS (
            SELECT least(w."ponte turn", o."ponte turn") AS low, greatest(w."ponte turn", o."ponte turn") AS high
            FROM wanted w JOIN holder o ON ' || held.same || ' WHERE w."ponte turn" <> o."ponte turn")
          UPDATE ' || {stage} || ' s SET turn = e.low FROM (SELECT high, min(low) AS low FROM edge GROUP BY high) e WHERE s.turn = e.high';
        GET DIAGNOSTICS here = ROW_COUNT;
        moved := moved + here;
      EXCEPTION WHEN OTHERS THEN NULL;
      END;
    END LOOP;
    EXIT WHEN moved = 0;
  END LOOP;
END $ponte$
