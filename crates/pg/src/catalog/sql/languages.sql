-- purpose: procedural languages
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT 'language', NULL, NULL, l.lanname::text, NULL,
  ARRAY['trusted', 'handler', 'owner', 'grants', 'comment'],
  ARRAY[CASE WHEN l.lanpltrusted THEN 'yes' END, l.lanplcallfoid::regproc::text, pg_get_userbyid(l.lanowner)::text, {grants},
        obj_description(l.oid, 'pg_language')]
FROM pg_language l
WHERE l.oid >= 16384 AND l.lanispl AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_language'::regclass AND d.objid = l.oid AND d.deptype = 'e')
