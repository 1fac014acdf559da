-- purpose: hold the rows of the referenced table that arrived rows of the table point at (replica mode holds nothing)
-- reads:   the stage, the table, the referenced table
-- writes:  row locks
-- locks:   ROW SHARE on the referenced table, FOR KEY SHARE on the rows
SELECT count(*) FROM (
  SELECT FROM {parent} r
  WHERE EXISTS (SELECT FROM {stage} s JOIN {table} t ON {matches} WHERE s.present{part} AND {not_null} AND {references})
  FOR KEY SHARE OF r) held
