-- purpose: rows that the target refused earlier, as they are now; those with a newer change come with the pending ones
-- reads:   the changelog, the table; run in the REPEATABLE READ transaction whose snapshot becomes the consumed one
-- writes:  nothing
-- locks:   ACCESS SHARE
COPY (
  SELECT t.ctid IS NOT NULL, p.version_at, p.changed_at, coalesce(p.version_node, {node}::uuid), false, {shipped_keys}{shipped}{mask}
  FROM jsonb_array_elements({entries}::jsonb) e(entry), LATERAL jsonb_populate_record(NULL::{changelog}, jsonb_build_object('version_at', e.entry -> 'version_at',
      'changed_at', e.entry -> 'changed_at', 'version_node', e.entry -> 'version_node'{keys})) p LEFT JOIN {table} t ON {matches}{and_inside}
  WHERE NOT EXISTS (
    SELECT FROM {entries_of} l
    WHERE l.xid BETWEEN '{xmin}'::xid8 AND '18446744073709551615'::xid8 AND NOT pg_visible_in_snapshot(l.xid, {consumed}) AND l.via IS DISTINCT FROM {link} AND {same_key}){kept}
) TO STDOUT (FORMAT {format})
