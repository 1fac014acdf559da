-- purpose: the content of the table as counts and sums of hashes, split by the hash of the key, so that equal parts need no second look
-- reads:   the table
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT bucket, count(*), sum(low)::text, sum(high)::text
FROM (
  SELECT (hashtextextended(key, 0) & {mask})::int AS bucket,
         hashtextextended(row, 1) AS low, hashtextextended(row, 2) AS high
  FROM (SELECT ARRAY[{keys}]::text COLLATE "C" AS key, ROW({columns})::text COLLATE "C" AS row FROM {table} t OFFSET 0) x) h
GROUP BY bucket
