-- purpose: whether a table has changes that the source had not seen, in the snapshot $2; an expression
-- reads:   the changelog
-- writes:  nothing
-- locks:   none
EXISTS (
  SELECT FROM {changelog} l
  WHERE l.xid BETWEEN pg_snapshot_xmin($2::text::pg_snapshot) AND '18446744073709551615'::xid8
    AND NOT pg_visible_in_snapshot(l.xid, $2::text::pg_snapshot) AND l.xid <> pg_current_xact_id() AND {travels})
