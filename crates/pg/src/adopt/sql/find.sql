-- Purpose: the tables that may be books of migration tools, with their columns.
-- Reads:   pg_class, pg_attribute.
-- Writes:  nothing.
-- Locks:   ACCESS SHARE on what it reads.
SELECT n.nspname::text AS schema, c.relname::text AS name,
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS columns,
       EXISTS (SELECT FROM pg_catalog.pg_class m
               WHERE m.relnamespace = c.relnamespace AND m.relname = 'ar_internal_metadata') AS with_rails
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relname IN ({names}) AND n.nspname !~ '^pg_'
ORDER BY 1, 2
