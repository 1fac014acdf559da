-- Purpose: whether the books of the jobs are there, and in which format.
-- Reads:   pg_namespace, pg_class, pg_description.
-- Writes:  nothing.
-- Locks:   none beyond catalog reads.
SELECT n.oid IS NOT NULL AS schema_exists,
       CASE WHEN c.oid IS NOT NULL THEN coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), 'none') END AS format
FROM (VALUES (1)) AS one (row)
LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = 'ponte'
LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = 'job' AND c.relkind = 'r'
