-- purpose: how much is pending for a link, counted only as far as it matters, table by table
-- reads:   the changelogs
-- writes:  nothing
-- locks:   ACCESS SHARE
-- The range has both ends: of a part that is new the planner knows nothing yet, and takes half a range for a third of it, which it would scan.
(SELECT count(*) FROM (
  SELECT FROM {changelog} l
  WHERE l.xid BETWEEN pg_snapshot_xmin($1::text::pg_snapshot) AND '18446744073709551615'::xid8 AND NOT pg_visible_in_snapshot(l.xid, $1::text::pg_snapshot)
    AND {travels}
  LIMIT {limit}) found)
