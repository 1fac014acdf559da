-- purpose: triggers, constraint triggers too; not those of a sync, and not what a partition has from its parent
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT 'trigger', n.nspname::text, c.relname::text, g.tgname::text, NULL,
  ARRAY['definition', 'enabled', 'comment'],
  ARRAY[pg_get_triggerdef(g.oid), CASE g.tgenabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'on replicas' WHEN 'A' THEN 'always' END, obj_description(g.oid, 'pg_trigger')]
FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_proc f ON f.oid = g.tgfoid
WHERE {ours} AND NOT g.tgisinternal AND g.tgparentid = 0 AND f.pronamespace IS DISTINCT FROM to_regnamespace('ponte')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.deptype = 'e'
                  AND (d.classid, d.objid) IN (('pg_trigger'::regclass, g.oid), ('pg_class'::regclass, c.oid)))
