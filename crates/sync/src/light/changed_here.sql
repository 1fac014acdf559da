-- purpose: whether the target changed a key, given as parameters, that a light batch has written, and the source had not seen it ({seen})
-- reads:   the changelog
-- writes:  nothing
-- locks:   none
SELECT EXISTS (
  SELECT FROM {changelog} l, (SELECT {row}) s
  WHERE l.xid BETWEEN pg_snapshot_xmin({seen}::text::pg_snapshot) AND '18446744073709551615'::xid8
    AND NOT pg_visible_in_snapshot(l.xid, {seen}::text::pg_snapshot) AND l.xid <> pg_current_xact_id() AND {travels} AND {same_key})
