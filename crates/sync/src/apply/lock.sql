-- purpose: hold the rows that both sides changed, in key order, so that what is recorded about them stays true
-- reads:   the plan, the table, the changelog
-- writes:  row locks
-- locks:   ROW SHARE on the table, FOR UPDATE on the rows in conflict
SELECT count(*) FROM (
  SELECT FROM {plan} p JOIN ({local_keys}) l ON {same_key} JOIN {table} t ON {matches}
  WHERE t.xmin = p.seen
  ORDER BY {plan_keys} FOR UPDATE OF t) locked
