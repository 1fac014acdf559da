-- Purpose: the state of one index of a table, found through the search path of the file that builds it.
-- Reads:   pg_index, pg_class, pg_namespace, pg_stat_progress_create_index.
-- Writes:  nothing.
-- Locks:   none beyond catalog reads.
SELECT n.nspname::text AS schema, i.indisvalid AND i.indisready AS usable,
       (SELECT p.pid FROM pg_catalog.pg_stat_progress_create_index p
        WHERE p.index_relid = c.oid AND p.pid <> pg_catalog.pg_backend_pid() LIMIT 1) AS builder_pid
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE i.indrelid = pg_catalog.to_regclass({table}) AND c.relname = {index}
