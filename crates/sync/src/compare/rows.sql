-- purpose: key and hash of every row in the buckets that differ, in an order that both servers agree on
-- reads:   the table
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT key, hashtextextended(row, 1) AS low, hashtextextended(row, 2) AS high
FROM (SELECT ARRAY[{keys}]::text COLLATE "C" AS key, ROW({columns})::text COLLATE "C" AS row FROM {table} t OFFSET 0) x
WHERE (hashtextextended(key, 0) & {mask})::int = ANY ($1)
ORDER BY key
