-- purpose: rewrite rules, but for the ones that make a view a view
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT 'rule', n.nspname::text, c.relname::text, r.rulename::text, NULL,
  ARRAY['definition', 'enabled', 'comment'],
  ARRAY[pg_get_ruledef(r.oid), CASE r.ev_enabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'on replicas' WHEN 'A' THEN 'always' END, obj_description(r.oid, 'pg_rewrite')]
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {ours} AND r.rulename <> '_RETURN'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
