-- purpose: whether somebody came and went under the key of a row that was missing, after local changes were looked for: the row that was
--          inserted since does not show it, because there was no version to compare
-- reads:   the plan, the changelog
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT EXISTS (
  SELECT FROM {plan} p JOIN {changelog} l ON {same_key}
  WHERE p.present AND p.seen IS NULL
    AND l.xid BETWEEN '{xmin}'::xid8 AND '18446744073709551615'::xid8 AND NOT pg_visible_in_snapshot(l.xid, {looked}) AND l.xid <> pg_current_xact_id() AND {travels})
