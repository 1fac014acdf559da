-- purpose: whether rows of {table} that arrived point at rows of {parent} that are not here (replica mode checks nothing)
-- reads:   {stage}, {table}, {parent}
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT EXISTS (
  SELECT FROM {stage} s JOIN {table} t ON {matches}
  WHERE s.present AND {not_null} AND NOT EXISTS (SELECT FROM {parent} r WHERE {references}))
