-- Purpose: the table that a statement of a migration names, or of an index its table; without a schema it is looked for in public.
-- Reads:   pg_class, pg_index, pg_namespace.
-- Writes:  nothing.
-- Locks:   none beyond ACCESS SHARE on the catalog.
SELECT n.nspname::text, c.relname::text
FROM (SELECT coalesce(to_regclass({relation}), to_regclass('public.' || {relation})) AS oid) AS named
LEFT JOIN pg_index i ON i.indexrelid = named.oid
JOIN pg_class c ON c.oid = coalesce(i.indrelid, named.oid)
JOIN pg_namespace n ON n.oid = c.relnamespace
