-- purpose: views and materialized views; not those that show what a sync has captured
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END, n.nspname::text, NULL, c.relname::text, NULL,
  ARRAY['definition', 'options', 'access method', 'filled', 'owner', 'grants', 'comment'],
  ARRAY[pg_get_viewdef(c.oid), (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(c.reloptions) o),
        CASE WHEN m.amname <> 'heap' THEN m.amname::text END, CASE WHEN NOT c.relispopulated THEN 'no' END,
        pg_get_userbyid(c.relowner)::text, {grants}, obj_description(c.oid, 'pg_class')]
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am m ON m.oid = c.relam
WHERE {ours} AND c.relkind IN ('v', 'm')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  AND NOT EXISTS (SELECT FROM pg_rewrite w JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                  JOIN pg_class own ON d.refclassid = 'pg_class'::regclass AND own.oid = d.refobjid
                  WHERE w.ev_class = c.oid AND own.relnamespace = to_regnamespace('ponte'))
