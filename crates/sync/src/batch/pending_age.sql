-- purpose: how many changes of a table are on their way, and how long the oldest has been
-- reads:   the changelog
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(l.changed_at)), 0)::float8
FROM {changelog} l
WHERE l.xid BETWEEN pg_snapshot_xmin($1::text::pg_snapshot) AND '18446744073709551615'::xid8 AND NOT pg_visible_in_snapshot(l.xid, $1::text::pg_snapshot)
  AND {travels}
