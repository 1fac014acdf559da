-- Purpose: whether a materialized view can be refreshed while it is read: it is filled, and a plain unique index tells its rows apart.
-- Reads:   pg_class, pg_namespace, pg_index.
-- Writes:  nothing.
-- Locks:   none beyond catalog reads.
SELECT c.relispopulated AND EXISTS (
         SELECT FROM pg_catalog.pg_index i
         WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind = 'm'
