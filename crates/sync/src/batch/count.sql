-- purpose: how much is pending for a link, counted only as far as it matters, table by table
-- reads:   the changelogs
-- writes:  nothing
-- locks:   ACCESS SHARE
(SELECT count(*) FROM (
  SELECT FROM {changelog} l
  WHERE l.xid >= pg_snapshot_xmin($1::text::pg_snapshot) AND NOT pg_visible_in_snapshot(l.xid, $1::text::pg_snapshot)
    AND {travels}
  LIMIT {limit}) found)
