-- Purpose: partitions whose DETACH CONCURRENTLY was cut off: neither attached nor detached until somebody finalizes it.
--          The column is there from PostgreSQL 14 on; through the row as JSON the query runs on 13 too.
-- Reads:   pg_inherits, pg_class, pg_namespace.
-- Writes:  nothing.
-- Locks:   none beyond catalog reads.
SELECT pn.nspname::text AS schema, p.relname::text AS partition, tn.nspname::text AS table_schema, t.relname::text AS table
FROM pg_catalog.pg_inherits i
JOIN pg_catalog.pg_class p ON p.oid = i.inhrelid
JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
JOIN pg_catalog.pg_class t ON t.oid = i.inhparent
JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
WHERE to_jsonb(i) ->> 'inhdetachpending' = 'true'
ORDER BY 1, 2
