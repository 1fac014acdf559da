-- Purpose: by what a table is partitioned, if by ranges of one column of time.
-- Reads:   pg_partitioned_table, pg_attribute.
-- Writes:  nothing.
-- Locks:   none beyond catalog reads.
SELECT a.attname::text AS column_name, pg_catalog.format_type(a.atttypid, NULL) AS type, clock_timestamp() AS now
FROM pg_catalog.pg_partitioned_table p
JOIN pg_catalog.pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
WHERE p.partrelid::bigint = $1 AND p.partstrat = 'r' AND p.partnatts = 1
