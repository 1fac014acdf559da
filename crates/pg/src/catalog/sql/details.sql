-- purpose: what does not count when schemas are compared, and does when one is built: the place of columns, the columns of views, what functions return
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT 'column', n.nspname::text, c.relname::text, a.attname::text, NULL,
  ARRAY['position', 'type storage', 'local'], ARRAY[a.attnum::text, t.typstorage::text, CASE WHEN a.attislocal THEN 'yes' END]
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid
WHERE {ours} AND c.relkind IN ('r', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END, n.nspname::text, NULL, c.relname::text, NULL,
  ARRAY['columns', 'hollow'],
  ARRAY[(SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attcollation, E'\n' ORDER BY a.attnum)
         FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
        (SELECT string_agg('NULL::' || format_type(a.atttypid, a.atttypmod)
                           || CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END
                           || ' AS ' || quote_ident(a.attname), ', ' ORDER BY a.attnum)
         FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)]
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {ours} AND c.relkind IN ('v', 'm')
UNION ALL
SELECT 'function', n.nspname::text, NULL, p.proname::text, pg_get_function_identity_arguments(p.oid),
  ARRAY['result', 'arguments'], ARRAY[pg_get_function_result(p.oid), pg_get_function_arguments(p.oid)]
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE {ours} AND p.prokind IN ('f', 'p', 'w')
