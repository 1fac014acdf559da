-- Purpose: what kind of relation a name stands for, and whether this role may maintain it.
-- Reads:   pg_class, pg_namespace.
-- Writes:  nothing.
-- Locks:   none beyond catalog reads.
SELECT c.relkind::text AS kind, pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned, c.oid::bigint AS id
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2
