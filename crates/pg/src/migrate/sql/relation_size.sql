-- Purpose: how large the table is that a statement will lock; for an index, its table.
-- Reads:   pg_class, pg_index.
-- Writes:  nothing.
-- Locks:   ACCESS SHARE on the table for the moment in which its size is asked.
SELECT c.relname::text AS name, n.nspname::text AS schema, pg_catalog.pg_table_size(c.oid) AS bytes,
       greatest(c.reltuples, 0)::bigint AS rows
FROM (SELECT pg_catalog.to_regclass({relation}) AS oid) AS named
LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = named.oid
JOIN pg_catalog.pg_class c ON c.oid = coalesce(i.indrelid, named.oid)
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
