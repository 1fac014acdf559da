-- purpose: foreign-data wrappers, servers and user mappings; of options only the names, for values may be secrets
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT 'foreign-data wrapper', NULL, NULL, w.fdwname::text, NULL,
  ARRAY['handler', 'validator', 'options', 'owner', 'grants'],
  ARRAY[nullif(w.fdwhandler, 0)::regproc::text, nullif(w.fdwvalidator, 0)::regproc::text,
        (SELECT string_agg(o.option_name, ', ' ORDER BY o.option_name) FROM pg_options_to_table(w.fdwoptions) o),
        pg_get_userbyid(w.fdwowner)::text, {wrapper_grants}]
FROM pg_foreign_data_wrapper w
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_foreign_data_wrapper'::regclass AND d.objid = w.oid AND d.deptype = 'e')
UNION ALL
SELECT 'foreign server', NULL, NULL, s.srvname::text, NULL,
  ARRAY['wrapper', 'type', 'version', 'options', 'owner', 'grants'],
  ARRAY[w.fdwname::text, s.srvtype, s.srvversion,
        (SELECT string_agg(o.option_name, ', ' ORDER BY o.option_name) FROM pg_options_to_table(s.srvoptions) o),
        pg_get_userbyid(s.srvowner)::text, {server_grants}]
FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
UNION ALL
SELECT 'user mapping', NULL, m.srvname::text, m.usename::text, NULL, ARRAY[]::text[], ARRAY[]::text[]
FROM pg_user_mappings m
