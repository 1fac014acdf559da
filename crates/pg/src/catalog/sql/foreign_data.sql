-- purpose: foreign-data wrappers, servers and user mappings; values of options that may be secrets are left out
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT 'foreign-data wrapper', NULL, NULL, w.fdwname::text, NULL,
  ARRAY['handler', 'validator', 'options', 'owner', 'grants', 'comment'],
  ARRAY[nullif(w.fdwhandler, 0)::regproc::text, nullif(w.fdwvalidator, 0)::regproc::text, {wrapper_options},
        pg_get_userbyid(w.fdwowner)::text, {wrapper_grants}, obj_description(w.oid, 'pg_foreign_data_wrapper')]
FROM pg_foreign_data_wrapper w
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_foreign_data_wrapper'::regclass AND d.objid = w.oid AND d.deptype = 'e')
UNION ALL
SELECT 'foreign server', NULL, NULL, s.srvname::text, NULL,
  ARRAY['wrapper', 'type', 'version', 'options', 'owner', 'grants', 'comment'],
  ARRAY[w.fdwname::text, s.srvtype, s.srvversion, {server_options},
        pg_get_userbyid(s.srvowner)::text, {server_grants}, obj_description(s.oid, 'pg_foreign_server')]
FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
UNION ALL
-- The view shows options only to some: the owner of the server, the role itself, superusers.
SELECT 'user mapping', NULL, m.srvname::text, m.usename::text, NULL,
  ARRAY['options'],
  ARRAY[CASE WHEN m.umoptions IS NOT NULL THEN {mapping_options}
             WHEN NOT (pg_has_role(s.srvowner, 'USAGE') AND (m.umuser = 0 OR m.usename = current_user)
                       OR m.usename = current_user AND has_server_privilege(s.oid, 'USAGE')
                       OR current_setting('is_superuser') = 'on') THEN 'not shown to this role' END]
FROM pg_user_mappings m JOIN pg_foreign_server s ON s.oid = m.srvid
