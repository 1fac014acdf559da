-- purpose: schemas
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT 'schema', NULL, NULL, n.nspname::text, NULL,
  ARRAY['owner', 'grants', 'comment'],
  ARRAY[CASE WHEN n.nspname <> 'public' THEN pg_get_userbyid(n.nspowner)::text END,
        CASE WHEN n.nspname <> 'public' THEN {grants} END,
        CASE WHEN n.nspname <> 'public' THEN obj_description(n.oid, 'pg_namespace') END]
FROM pg_namespace n
WHERE {ours} AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')
