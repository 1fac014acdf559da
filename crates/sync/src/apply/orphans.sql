-- purpose: whether rows that were just written to {table} point at rows of {parent} that are not here (replica mode checks nothing)
-- reads:   {plan}, {table}, {parent}
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT EXISTS (
  SELECT FROM {plan} p JOIN {table} t ON {matches}
  WHERE p.present AND {not_null} AND NOT EXISTS (SELECT FROM {parent} r WHERE {references}))
