-- purpose: have the user's function decide the staged rows that were changed here too
-- reads:   the plan, the stage, the table, the changelog
-- writes:  the stage and the plan: what was decided, and the row that the function made where it is neither side's; such a row is noted in the
--          changelog as a change of this node that is newer than both, and both images go to ponte.conflict
-- locks:   ROW EXCLUSIVE on those
WITH local AS (
  {local}
), clash AS MATERIALIZED (
  SELECT p.staged, s.present, s.version_at AS there_version_at, s.changed_at AS there_changed_at,
         l.version_at AS here_version_at, l.changed_at AS here_changed_at, t.ctid IS NOT NULL AS is_here,
         {row_here} AS here_row, {row_there} AS there_row, {clash_keys}, ARRAY[{key_texts}]::text[] AS key_values,
         ARRAY[{here_texts}]::text[] AS here_image, ARRAY[{there_texts}]::text[] AS there_image
  FROM {plan} p JOIN {stage} s ON s.ctid = p.staged JOIN local l ON {same_key} LEFT JOIN {table} t ON {matches}
  WHERE t.xmin IS NOT DISTINCT FROM p.seen AND s.decided IS NULL{one}
    AND (s.version_at, s.changed_at, s.node) <> (l.version_at, l.changed_at, l.node)
), asked AS MATERIALIZED (
  SELECT c.*, {answer} AS answer FROM clash c
), judged AS MATERIALIZED (
  SELECT c.*, greatest(c.here_version_at, c.there_version_at) AS version_at,
         greatest(clock_timestamp(), c.here_changed_at + interval '1 microsecond', c.there_changed_at + interval '1 microsecond') AS changed_at,
         CASE WHEN c.answer IS NULL THEN CASE WHEN NOT c.is_here THEN 'here' WHEN NOT c.present THEN 'there' ELSE 'nobody' END
              WHEN ROW({answered_key}) IS DISTINCT FROM ROW({c_keys}) THEN 'nobody'
              WHEN c.is_here AND c.answer OPERATOR(pg_catalog.*=) c.here_row THEN 'here'
              WHEN c.present AND c.answer OPERATOR(pg_catalog.*=) c.there_row THEN 'there'
              ELSE 'both' END AS decided
  FROM asked c
), written AS (
  UPDATE {stage} s SET decided = c.decided
  FROM judged c WHERE s.ctid = c.staged AND c.decided <> 'both'
  RETURNING c.staged AS was, s.ctid AS staged, s.present
), made AS (
  UPDATE {stage} s SET decided = c.decided, present = true, inserted = NOT c.is_here, version_at = c.version_at, changed_at = c.changed_at,
         node = {here_id}::uuid{assignments}
  FROM judged c WHERE s.ctid = c.staged AND c.decided = 'both'
  RETURNING c.staged AS was, s.ctid AS staged, s.present
), moved AS (
  UPDATE {plan} p SET staged = w.staged, present = w.present
  FROM (SELECT * FROM written UNION ALL SELECT * FROM made) w WHERE p.staged = w.was
), noted AS (
  INSERT INTO {log} ({keys}, op, version_at, changed_at, version_node)
  SELECT {c_keys}, CASE WHEN c.is_here AND c.present THEN 'U' ELSE 'I' END::"char", c.version_at, c.changed_at, {here_id}::uuid
  FROM judged c WHERE c.decided = 'both'
), recorded AS (
  INSERT INTO ponte.conflict (link, table_schema, table_name, kind, winner, key_values, columns,
                              here, here_image, here_version_at, here_changed_at,
                              there, there_image, there_version_at, there_changed_at)
  SELECT {link}, {schema_name}, {table_name},
         CASE WHEN NOT c.present THEN 'delete_origin_differs' WHEN NOT c.is_here THEN 'update_missing' ELSE 'update_origin_differs' END,
         'merged', c.key_values, ARRAY[{column_names}]::text[],
         {here_name}, CASE WHEN c.is_here THEN c.here_image END, c.here_version_at, c.here_changed_at,
         {there_name}, CASE WHEN c.present THEN c.there_image END, c.there_version_at, c.there_changed_at
  FROM judged c WHERE c.decided = 'both'
  RETURNING id
)
SELECT count(*) FROM recorded
