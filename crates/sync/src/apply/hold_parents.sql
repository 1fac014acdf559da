-- purpose: hold the rows of {parent} that arrived rows of {table} point at (replica mode holds nothing)
-- reads:   {stage}, {table}, {parent}
-- writes:  row locks
-- locks:   ROW SHARE on {parent}, FOR KEY SHARE on the rows
SELECT count(*) FROM (
  SELECT FROM {parent} r
  WHERE EXISTS (SELECT FROM {stage} s JOIN {table} t ON {matches} WHERE s.present AND {not_null} AND {references})
  FOR KEY SHARE OF r) held
