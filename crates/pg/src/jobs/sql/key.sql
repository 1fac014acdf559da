-- Purpose: the columns of a table's primary key, in its order, with their types.
-- Reads:   pg_index, pg_attribute.
-- Writes:  nothing.
-- Locks:   none beyond catalog reads.
SELECT a.attname::text AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type
FROM pg_catalog.pg_index i
CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid::bigint = $1 AND i.indisprimary AND k.place <= i.indnkeyatts
ORDER BY k.place
