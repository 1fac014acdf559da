-- purpose: sequences, those of serial and identity columns too; never how far one has counted
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT 'sequence', n.nspname::text, NULL, c.relname::text, NULL,
  ARRAY['type', 'start', 'increment', 'minimum', 'maximum', 'cache', 'cycle', 'owned by', 'persistence', 'owner', 'grants', 'comment'],
  ARRAY[format_type(s.seqtypid, NULL), s.seqstart::text, s.seqincrement::text, s.seqmin::text, s.seqmax::text, s.seqcache::text,
        CASE WHEN s.seqcycle THEN 'yes' END,
        (SELECT d.refobjid::regclass || '.' || quote_ident(a.attname)
         FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
         WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')),
        CASE c.relpersistence WHEN 'u' THEN 'unlogged' END,
        pg_get_userbyid(c.relowner)::text, {grants}, obj_description(c.oid, 'pg_class')]
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_sequence s ON s.seqrelid = c.oid
WHERE {ours} AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
