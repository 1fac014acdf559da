-- Purpose: whether this server takes writes, and whether and in which format the history is there.
-- Reads:   pg_namespace, pg_class, pg_attribute, pg_description.
-- Writes:  nothing.
-- Locks:   none beyond catalog reads.
SELECT pg_catalog.pg_is_in_recovery() AS in_recovery,
       pg_catalog.current_setting('transaction_read_only') = 'on' AS read_only,
       n.oid IS NOT NULL AS schema_exists,
       c.oid IS NOT NULL AS history_exists,
       r.oid IS NOT NULL AS repeatable_exists,
       EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'script') AS script_exists,
       pg_catalog.obj_description(c.oid, 'pg_class') AS history_comment
FROM (VALUES (1)) AS one (row)
LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = {schema_name}
LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = 'migration' AND c.relkind = 'r'
LEFT JOIN pg_catalog.pg_class r ON r.relnamespace = n.oid AND r.relname = 'migration_repeatable' AND r.relkind = 'r'
