-- purpose: the keys of the table that are on their way to the other side, in the form in which rows are compared
-- reads:   the changelog
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT DISTINCT ROW({keys})::text
FROM {changelog} l
WHERE l.xid >= pg_snapshot_xmin($1::text::pg_snapshot) AND NOT pg_visible_in_snapshot(l.xid, $1::text::pg_snapshot)
  AND l.via IS DISTINCT FROM {link}
