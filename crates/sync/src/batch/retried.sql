-- purpose: rows that the target refused earlier, as they are now; those with a newer change come with the pending ones
-- reads:   the changelog, the table; run in the REPEATABLE READ transaction whose snapshot becomes the consumed one
-- writes:  nothing
-- locks:   ACCESS SHARE
COPY (
  SELECT t.ctid IS NOT NULL, p.version_at, p.changed_at, coalesce(p.version_node, {node}::uuid), false, {staged_keys}{columns}
  FROM json_populate_recordset(NULL::{changelog}, {entries}) p LEFT JOIN {table} t ON {matches}
  WHERE NOT EXISTS (
    SELECT FROM {changelog} l
    WHERE l.xid >= '{xmin}'::xid8 AND NOT pg_visible_in_snapshot(l.xid, {consumed}) AND l.via IS DISTINCT FROM {link} AND {same_key})
) TO STDOUT (FORMAT {format})
