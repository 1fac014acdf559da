-- purpose: let the planned deletes of rows lose that rows which stay here reference; what is here goes back to where it was deleted
-- reads:   the plan, the stage, the table, the referencing table
-- writes:  ponte.conflict; the changelog, so that the rows are shipped back; the kept rows leave the stage and the plan
-- locks:   ROW EXCLUSIVE on those
WITH kept AS (
  SELECT p.ctid AS planned, p.staged, p.parked, s.version_at, s.changed_at, {plan_keys}, {version} AS here_version_at,
         ARRAY[{key_texts}]::text[] AS key_values, ARRAY[{here_texts}]::text[] AS here_image
  FROM {table} t JOIN {plan} p ON {matches} JOIN {stage} s ON s.ctid = p.staged
  WHERE NOT p.present AND t.xmin = p.seen AND {referenced}
), unstaged AS (
  DELETE FROM {stage} s USING kept k WHERE s.ctid = k.staged
), unplanned AS (
  DELETE FROM {plan} p USING kept k WHERE p.ctid = k.planned
), confirmed AS (
  INSERT INTO {log} ({keys}, op, version_at, changed_at, version_node)
  SELECT {kept_keys}, 'I'::"char", k.version_at, greatest(clock_timestamp(), k.changed_at + interval '1 microsecond'), {here_id}::uuid FROM kept k
), recorded AS (
  INSERT INTO ponte.conflict (link, table_schema, table_name, kind, winner, key_values, columns,
                              here, here_image, here_version_at, here_changed_at, there, there_image, there_version_at, there_changed_at)
  SELECT {link}, {schema_name}, {table_name}, 'delete_referenced', {here_name}, k.key_values, ARRAY[{column_names}]::text[],
         {here_name}, k.here_image, coalesce(k.here_version_at, k.version_at), clock_timestamp(), {there_name}, NULL, k.version_at, k.changed_at
  FROM kept k
)
SELECT count(*), coalesce(bool_or(k.parked), false) FROM kept k
