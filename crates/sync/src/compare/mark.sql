-- purpose: note the keys in $1 as changes of this node, as old as their rows are; keys that are pending anyway are left alone
-- reads:   the table, the changelog; $2 is what the other node has consumed
-- writes:  the changelog
-- locks:   ROW EXCLUSIVE on the changelog
INSERT INTO {changelog} ({keys}, op, version_at, changed_at, version_node)
SELECT {w_keys}, CASE WHEN t.ctid IS NULL THEN 'D' ELSE 'U' END::"char",
       coalesce({version}, g.version_at, '-infinity'), coalesce(g.changed_at, '-infinity'), g.version_node
FROM unnest($1::text[]) u(key),
  LATERAL jsonb_populate_record(NULL::{changelog}, jsonb_build_object({named})) w
  LEFT JOIN {table} t ON {matches}
  LEFT JOIN LATERAL (
    SELECT l.version_at, l.changed_at, l.version_node FROM {changelog} l WHERE {same_key} ORDER BY l.seq DESC LIMIT 1) g ON true
WHERE NOT EXISTS (
  SELECT FROM {changelog} l
  WHERE {same_key} AND l.xid >= pg_snapshot_xmin($2::text::pg_snapshot)
    AND NOT pg_visible_in_snapshot(l.xid, $2::text::pg_snapshot) AND l.via IS DISTINCT FROM {link})
RETURNING 1
