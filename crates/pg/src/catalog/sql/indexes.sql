-- purpose: indexes that no constraint made and no parent's index brought
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT 'index', n.nspname::text, t.relname::text, c.relname::text, NULL,
  ARRAY['definition', 'valid', 'clustered', 'statistics', 'comment'],
  ARRAY[CASE WHEN c.reloptions IS NULL THEN pg_get_indexdef(c.oid)
             -- Options in alphabetical order: in which they were given says nothing.
             ELSE (SELECT replace(pg_get_indexdef(c.oid), ' WITH (' || string_agg(o.said, ', ' ORDER BY o.place) || ')',
                                  ' WITH (' || string_agg(o.said, ', ' ORDER BY o.said) || ')')
                   FROM (SELECT p.name || '=' || CASE WHEN quote_ident(p.value) = p.value THEN p.value ELSE quote_literal(p.value) END AS said, p.place
                         FROM (SELECT split_part(r, '=', 1) AS name, substr(r, strpos(r, '=') + 1) AS value, place
                               FROM unnest(c.reloptions) WITH ORDINALITY u (r, place)) p) o) END,
        CASE WHEN NOT i.indisvalid AND c.relkind = 'i' THEN 'no' END, CASE WHEN i.indisclustered THEN 'yes' END,
        (SELECT string_agg(a.attnum || ': ' || a.attstattarget, ', ' ORDER BY a.attnum)
         FROM pg_attribute a WHERE a.attrelid = c.oid AND coalesce(a.attstattarget::int, -1) <> -1),
        obj_description(c.oid, 'pg_class')]
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {ours} AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid IN (c.oid, t.oid) AND d.deptype = 'e')
