-- purpose: whether rows that are about to be deleted are still referenced by rows of {child} that stay
-- reads:   {plan}, {table}, {child}
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT EXISTS (
  SELECT FROM {table} t JOIN {plan} p ON {matches} JOIN {child} r ON {references}
  WHERE NOT p.present AND t.xmin = p.seen AND {stays})
