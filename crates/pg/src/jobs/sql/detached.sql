-- Purpose: the tables that were partitions and are to be dropped: the comment of each says so, in case a run does not come that far.
-- Reads:   pg_class, pg_namespace, pg_description.
-- Writes:  nothing.
-- Locks:   none beyond catalog reads.
SELECT n.nspname::text AS schema_name, c.relname::text AS name
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND pg_catalog.obj_description(c.oid, 'pg_class') = $1
ORDER BY n.nspname, c.relname
