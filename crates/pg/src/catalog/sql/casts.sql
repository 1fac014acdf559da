-- purpose: casts that are not the server's own
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT 'cast', NULL, NULL, format_type(c.castsource, NULL) || ' AS ' || format_type(c.casttarget, NULL), NULL,
  ARRAY['function', 'context', 'method', 'comment'],
  ARRAY[nullif(c.castfunc, 0)::regprocedure::text, c.castcontext::text, c.castmethod::text, obj_description(c.oid, 'pg_cast')]
FROM pg_cast c
WHERE c.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid AND d.deptype IN ('e', 'i'))
