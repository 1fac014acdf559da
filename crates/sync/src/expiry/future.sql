-- purpose: count the changes whose version lay further ahead of the clock than allowed, and was cut back by capture; each entry is looked at once
-- reads:   the changelog since the last look, the table
-- writes:  ponte.future_version, where there is something to tell or much was looked at
-- locks:   the row
INSERT INTO ponte.future_version AS f (table_schema, table_name, changes, newest, last_at, seen)
SELECT {schema_name}, {table_name}, count(*) FILTER (WHERE l.cut),
       max(coalesce((SELECT {version} FROM {table} t WHERE {matches}), l.version_at)) FILTER (WHERE l.cut),
       max(l.changed_at) FILTER (WHERE l.cut), pg_current_snapshot()
FROM (
  SELECT l.*, l.op IN ('I', 'U') AND l.via IS NULL AND l.version_node IS NULL AND l.only_link IS NULL AND isfinite(l.changed_at)
              AND l.version_at >= l.changed_at + make_interval(secs => {future}) - interval '10 milliseconds' AS cut
  FROM {changelog} l
  WHERE l.xid >= coalesce((SELECT pg_snapshot_xmin(s.seen) FROM ponte.future_version s WHERE s.table_schema = {schema_name} AND s.table_name = {table_name}), '0'::xid8)
    AND l.xid <= '18446744073709551615'::xid8) l
WHERE NOT coalesce(pg_visible_in_snapshot(l.xid, (SELECT s.seen FROM ponte.future_version s WHERE s.table_schema = {schema_name} AND s.table_name = {table_name})), false)
HAVING count(*) >= 1000 OR bool_or(l.cut)
ON CONFLICT (table_schema, table_name) DO UPDATE
SET changes = f.changes + excluded.changes, newest = greatest(f.newest, excluded.newest), last_at = greatest(f.last_at, excluded.last_at), seen = excluded.seen
RETURNING f.changes
