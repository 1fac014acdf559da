-- purpose: whether the table has keys within the range of those that the source has inserted
-- reads:   the stage, the table
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT EXISTS (
  SELECT FROM {table} t
  WHERE {first_key} >= (SELECT {staged_key} FROM {stage} s WHERE {free}s.present AND s.inserted ORDER BY 1 LIMIT 1)
    AND {first_key} <= (SELECT {staged_key} FROM {stage} s WHERE {free}s.present AND s.inserted ORDER BY 1 DESC LIMIT 1))
