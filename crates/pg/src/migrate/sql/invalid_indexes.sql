-- Purpose: indexes that a failed CREATE or REINDEX INDEX CONCURRENTLY has left behind: they cost writes and serve nobody.
--          One that is being built right now is not among them.
-- Reads:   pg_index, pg_class, pg_namespace, pg_stat_progress_create_index.
-- Writes:  nothing.
-- Locks:   none beyond catalog reads.
SELECT n.nspname::text AS schema, c.relname::text AS index, t.relname::text AS table
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i'
JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT i.indisvalid
  AND n.nspname NOT LIKE 'pg\_%'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = c.oid)
ORDER BY 1, 2
