-- Purpose: the partitions of a table with their bounds as instants; none where a bound is open, and both for the default one. Before
--          PostgreSQL 14 there is no detaching beside other work, and no column that tells of one that was interrupted.
-- Reads:   pg_inherits, pg_class, pg_namespace.
-- Writes:  nothing.
-- Locks:   none beyond catalog reads.
SELECT n.nspname::text AS schema_name, c.relname::text AS name, b.bound = 'DEFAULT' AS is_default,
       substring(b.bound from 'FROM \(''([^'']*)''\)')::timestamptz AS lower,
       substring(b.bound from 'TO \(''([^'']*)''\)')::timestamptz AS upper,
       coalesce((pg_catalog.to_jsonb(i) ->> 'inhdetachpending')::pg_catalog.bool, false) AS is_half_detached
FROM pg_catalog.pg_inherits i
JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound) b
WHERE i.inhparent::bigint = $1 AND c.relispartition
ORDER BY lower NULLS FIRST
