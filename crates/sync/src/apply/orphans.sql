-- purpose: whether rows of the table that arrived point at rows of the referenced table that are not here (replica mode checks nothing)
-- reads:   the stage, the table, the referenced table
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT EXISTS (
  SELECT FROM {stage} s JOIN {table} t ON {matches}
  WHERE s.present{part} AND {not_null} AND NOT EXISTS (SELECT FROM {parent} r WHERE {references}))
