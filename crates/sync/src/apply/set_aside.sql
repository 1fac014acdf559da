-- purpose: move refused rows from the stage into the quarantine; a row that is there already waits longer each time
-- reads:   the stage, the table
-- writes:  ponte.quarantine; the stage
-- locks:   ROW EXCLUSIVE on those
WITH refused AS (
  DELETE FROM {stage} s WHERE {which} RETURNING s.*
)
INSERT INTO ponte.quarantine AS q (link, table_schema, table_name, key_values, columns, image, version_at, changed_at, version_node,
                                   kind, sqlstate, constraint_name, message, seen, next_try_at{changed})
SELECT {link}, {schema_name}, {table_name}, ARRAY[{key_texts}]::text[], ARRAY[{column_names}]::text[],
       CASE WHEN s.present THEN ARRAY[{row_texts}]::text[] END, s.version_at, s.changed_at, s.node,
       CASE {sqlstate} WHEN '23503' THEN 'missing_parent' WHEN '23505' THEN
         CASE WHEN cardinality(s.refused) > 1 THEN 'multiple_unique_conflicts'
              WHEN EXISTS (SELECT FROM {table} t WHERE {matches}) THEN 'update_exists' ELSE 'insert_exists' END
         ELSE {otherwise} END,
       {sqlstate}, array_to_string(s.refused, ', '), {message}, {seen}, clock_timestamp() + interval '4 seconds' + random() * interval '2 seconds'{mask}
FROM refused s
ON CONFLICT (link, table_schema, table_name, key_values) DO UPDATE SET
  columns = excluded.columns, image = excluded.image, version_at = excluded.version_at, changed_at = excluded.changed_at,
  version_node = excluded.version_node, kind = excluded.kind, sqlstate = excluded.sqlstate, constraint_name = excluded.constraint_name,
  message = excluded.message{changed_again}, attempts = q.attempts + 1, trying = NULL,
  next_try_at = clock_timestamp() + least(interval '1 hour', interval '5 seconds' * 2 ^ least(q.attempts, 10)) * (0.8 + random() * 0.4)
