-- purpose: functions, procedures and window functions, as the server prints them
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT 'function', n.nspname::text, NULL, p.proname::text, pg_get_function_identity_arguments(p.oid),
  ARRAY['definition', 'owner', 'grants', 'comment'],
  ARRAY[pg_get_functiondef(p.oid), pg_get_userbyid(p.proowner)::text, {grants}, obj_description(p.oid, 'pg_proc')]
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE {ours} AND p.prokind IN ('f', 'p', 'w')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i'))
