-- purpose: find the staged keys that were changed here too, decide each by policy, and keep both images
-- reads:   the plan, the stage, the table, the changelog
-- writes:  ponte.conflict; ponte.parked for keys that a person decides; the changelog for won keys, so that they are confirmed to the
--          other side of this link once; losers leave the stage and the plan
-- locks:   ROW EXCLUSIVE on those
WITH local AS (
  {local}
), clash AS (
  SELECT p.staged, s.present, s.inserted, s.version_at AS there_version_at, s.changed_at AS there_changed_at, s.node AS there_node,
         l.version_at AS here_version_at, l.changed_at AS here_changed_at, l.node AS here_node, l.born_here{masked},
         t.ctid IS NOT NULL AS is_here, {incoming_wins} AS incoming_wins, {same_change} AS same_change,
         {clash_keys}, ARRAY[{key_texts}]::text[] AS key_values,
         ARRAY[{here_texts}]::text[] AS here_image, ARRAY[{there_texts}]::text[] AS there_image
  FROM {plan} p JOIN {stage} s ON s.ctid = p.staged JOIN local l ON {same_key} LEFT JOIN {table} t ON {matches}
  WHERE t.xmin IS NOT DISTINCT FROM p.seen{undecided}
), kept AS (
  DELETE FROM {stage} s USING clash c WHERE s.ctid = c.staged AND NOT c.incoming_wins
), unplanned AS (
  DELETE FROM {plan} p USING clash c WHERE p.staged = c.staged AND NOT c.incoming_wins
), confirmed AS (
  INSERT INTO {log} ({keys}, op, version_at, changed_at, version_node, only_link{changed})
  SELECT {c_keys}, CASE WHEN c.present THEN 'U' ELSE 'D' END::"char", c.there_version_at, c.there_changed_at, c.there_node, {link}{nothing_changed}
  FROM clash c WHERE c.incoming_wins
  UNION ALL
  SELECT {c_keys}, 'U'::"char", c.here_version_at, c.here_changed_at, c.here_node, {link}{held_changed}
  FROM clash c WHERE {confirm_local} AND NOT c.incoming_wins
), recorded AS (
  INSERT INTO ponte.conflict (link, table_schema, table_name, kind, winner, key_values, columns,
                              here, here_image, here_version_at, here_changed_at,
                              there, there_image, there_version_at, there_changed_at)
  SELECT {link}, {schema_name}, {table_name},
         -- PostgreSQL's names, by what the source did and what that meets here.
         CASE WHEN NOT c.present THEN 'delete_origin_differs'
              WHEN NOT c.is_here THEN CASE WHEN c.inserted THEN 'delete_missing' ELSE 'update_missing' END
              WHEN c.inserted THEN 'insert_exists'
              WHEN c.born_here THEN 'update_exists'
              ELSE 'update_origin_differs' END,
         CASE WHEN {parks} THEN NULL WHEN c.incoming_wins THEN {there_name} ELSE {here_name} END,
         c.key_values, ARRAY[{column_names}]::text[],
         {here_name}, CASE WHEN c.is_here THEN c.here_image END, c.here_version_at, c.here_changed_at,
         {there_name}, CASE WHEN c.present THEN c.there_image END, c.there_version_at, c.there_changed_at
  FROM clash c WHERE NOT c.same_change
  RETURNING id, link, table_schema, table_name, key_values, winner
), parked AS (
  INSERT INTO ponte.parked (link, table_schema, table_name, key_values, conflict)
  SELECT r.link, r.table_schema, r.table_name, r.key_values, r.id FROM recorded r WHERE r.winner IS NULL
)
SELECT count(*) FROM recorded
