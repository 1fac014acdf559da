-- purpose: note the keys in $1 as changes of this node, as old as their rows are; keys that are pending anyway are left alone
-- reads:   the table, the changelog once; $2 is what the other node has consumed
-- writes:  the changelog
-- locks:   ROW EXCLUSIVE on the changelog
WITH w AS MATERIALIZED (
  SELECT w.* FROM unnest($1::text[]) u(key), LATERAL jsonb_populate_record(NULL::{changelog}, jsonb_build_object({named})) w
), g AS MATERIALIZED (
  SELECT DISTINCT ON ({log_keys}) {log_keys}, l.version_at, l.changed_at, l.version_node,
         bool_or(l.xid >= pg_snapshot_xmin($2::text::pg_snapshot) AND NOT pg_visible_in_snapshot(l.xid, $2::text::pg_snapshot)
                 AND l.via IS DISTINCT FROM {link}) OVER (PARTITION BY {log_keys}) AS pending
  FROM w JOIN {entries} l ON {same_key}
  ORDER BY {log_keys}, l.seq DESC
)
INSERT INTO {log} ({keys}, op, version_at, changed_at, version_node)
SELECT {w_keys}, CASE WHEN t.ctid IS NULL THEN 'D' ELSE 'U' END::"char",
       coalesce({version}, g.version_at, '-infinity'), coalesce(g.changed_at, '-infinity'), g.version_node
FROM w LEFT JOIN {table} t ON {matches}{and_inside} LEFT JOIN g ON {noted}
WHERE g.pending IS NOT TRUE
RETURNING 1
