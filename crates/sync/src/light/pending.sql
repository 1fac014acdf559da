-- purpose: how many changes of a table are pending since the snapshot {consumed}, up to a limit; an expression
-- reads:   the changelog
-- writes:  nothing
-- locks:   none
(SELECT count(*) FROM (
  SELECT FROM {changelog} l
  WHERE l.xid BETWEEN pg_snapshot_xmin({consumed}::text::pg_snapshot) AND '18446744073709551615'::xid8
    AND NOT pg_visible_in_snapshot(l.xid, {consumed}::text::pg_snapshot) AND {travels}
  LIMIT {limit}) found)
