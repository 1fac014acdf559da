-- purpose: whether rows that are about to be deleted are still referenced by rows of the referencing table that stay
-- reads:   the plan, the table, the referencing table
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT EXISTS (
  SELECT FROM {table} t JOIN {plan} p ON {matches} JOIN {child} r ON {references}
  WHERE NOT p.present AND t.xmin = p.seen AND {stays})
