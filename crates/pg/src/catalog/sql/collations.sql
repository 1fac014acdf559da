-- purpose: collations; what newer releases renamed is asked for under both names
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT 'collation', n.nspname::text, NULL, c.collname::text, NULL,
  ARRAY['provider', 'locale', 'lc_collate', 'lc_ctype', 'rules', 'deterministic', 'owner', 'comment'],
  ARRAY[CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'c' THEN 'libc' WHEN 'b' THEN 'builtin' ELSE 'default' END,
        coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale'), to_jsonb(c) ->> 'collcollate', to_jsonb(c) ->> 'collctype',
        to_jsonb(c) ->> 'collicurules', CASE WHEN NOT c.collisdeterministic THEN 'no' END,
        pg_get_userbyid(c.collowner)::text, obj_description(c.oid, 'pg_collation')]
FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE {ours} AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_collation'::regclass AND d.objid = c.oid AND d.deptype = 'e')
