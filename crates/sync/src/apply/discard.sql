-- purpose: give up a refused row: what is here holds on both sides from now on, and what was refused goes to the conflicts
-- reads:   ponte.quarantine, the table
-- writes:  ponte.quarantine, ponte.conflict, the changelog
-- locks:   ROW EXCLUSIVE on those
WITH given_up AS (
  DELETE FROM ponte.quarantine WHERE link = {link} AND id = {id} RETURNING *
), known AS (
  SELECT k.* FROM given_up g, json_populate_record(NULL::{changelog}, {key}) k
), here AS (
  SELECT ARRAY[{here_texts}]::text[] AS image FROM {table} t JOIN known k ON {matches}
), logged AS (
  INSERT INTO {log} ({keys}, op, version_at, changed_at)
  SELECT {known_keys}, CASE WHEN EXISTS (SELECT FROM here) THEN 'U' ELSE 'D' END::"char", greatest(g.version_at, clock_timestamp()), clock_timestamp()
  FROM given_up g, known k
)
INSERT INTO ponte.conflict (link, table_schema, table_name, kind, winner, key_values, columns,
                            here, here_image, here_version_at, here_changed_at, there, there_image, there_version_at, there_changed_at)
SELECT g.link, g.table_schema, g.table_name, 'given_up', l.node, g.key_values, g.columns,
       l.node, (SELECT h.image FROM here h), greatest(g.version_at, clock_timestamp()), clock_timestamp(), l.peer, g.image, g.version_at, g.changed_at
FROM given_up g JOIN ponte.link l USING (link)
