-- purpose: extensions, without their versions: those follow the server
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT 'extension', NULL, NULL, e.extname::text, NULL, ARRAY['schema'], ARRAY[n.nspname::text]
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname <> 'plpgsql'
