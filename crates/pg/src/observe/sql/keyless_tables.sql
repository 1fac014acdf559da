-- purpose: tables that were not there before and that have no primary key
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT n.nspname::text, c.relname::text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' AND NOT c.oid = ANY ($1)
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'ponte')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid)
ORDER BY 1, 2
