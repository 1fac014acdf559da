-- purpose: hold the rows that are about to be deleted, so that later statements see every reference to them and no new one can appear
-- reads:   the plan, the table
-- writes:  row locks
-- locks:   ROW SHARE on the table, FOR UPDATE on the rows
SELECT count(*) FROM (
  SELECT FROM {table} t JOIN {plan} p ON {matches}
  WHERE NOT p.present AND t.xmin = p.seen
  ORDER BY {plan_keys} FOR UPDATE OF t) held
