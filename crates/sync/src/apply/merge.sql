-- purpose: find the staged rows that were updated here too and nothing else, and merge each, column by column, where neither row remains as it is
-- reads:   the plan, the stage, the table, the changelog
-- writes:  the stage and the plan: the merged row takes the place of the arrived one; the changelog, as a change of this node that is newer than both;
--          ponte.conflict
-- locks:   ROW EXCLUSIVE on those
WITH local AS (
  {local}
), clash AS MATERIALIZED (
  SELECT p.staged, s.version_at AS there_version_at, s.changed_at AS there_changed_at,
         l.version_at AS here_version_at, l.changed_at AS here_changed_at, l.held_mask{sums},
         {newer} AS newer,
         {columns},
         {clash_keys}, ARRAY[{key_texts}]::text[] AS key_values,
         ARRAY[{here_texts}]::text[] AS here_image, ARRAY[{there_texts}]::text[] AS there_image
  FROM {plan} p JOIN {stage} s ON s.ctid = p.staged JOIN local l ON {same_key} JOIN {table} t ON {matches}
  WHERE t.xmin = p.seen AND s.present AND s.taken IS NULL AND s.changed IS NOT NULL AND l.mask IS NOT NULL
    AND (s.version_at, s.changed_at, s.node) <> (l.version_at, l.changed_at, l.node) AND {inside}{not_ours}
), mixed AS MATERIALIZED (
  SELECT c.*, greatest(c.here_version_at, c.there_version_at) AS version_at,
         greatest(clock_timestamp(), c.here_changed_at + interval '1 microsecond', c.there_changed_at + interval '1 microsecond') AS changed_at,
         ARRAY[{sources}]::text[] AS taken
  FROM clash c WHERE c.newer <> ANY (ARRAY[{takes}]){or_added}
), written AS (
  UPDATE {stage} s SET {assignments}, version_at = c.version_at, changed_at = c.changed_at, node = {here_id}::uuid, taken = c.taken
  FROM mixed c WHERE s.ctid = c.staged
  RETURNING c.staged AS was, s.ctid AS staged
), moved AS (
  UPDATE {plan} p SET staged = w.staged FROM written w WHERE p.staged = w.was
), noted AS (
  INSERT INTO {log} ({keys}, op, version_at, changed_at, version_node, changed{delta})
  SELECT {c_keys}, 'U'::"char", c.version_at, c.changed_at, {here_id}::uuid, c.held_mask::varbit{amounts} FROM mixed c
), recorded AS (
  INSERT INTO ponte.conflict (link, table_schema, table_name, kind, winner, key_values, columns, taken,
                              here, here_image, here_version_at, here_changed_at,
                              there, there_image, there_version_at, there_changed_at)
  SELECT {link}, {schema_name}, {table_name}, 'update_origin_differs', 'merged', c.key_values, ARRAY[{column_names}]::text[], c.taken,
         {here_name}, c.here_image, c.here_version_at, c.here_changed_at,
         {there_name}, c.there_image, c.there_version_at, c.there_changed_at
  FROM mixed c
  RETURNING id
)
SELECT count(*) FROM recorded
