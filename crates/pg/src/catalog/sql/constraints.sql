-- purpose: constraints of tables and domains that were declared where they are; NOT NULL is a fact of its column
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT 'constraint', n.nspname::text, coalesce(c.relname, t.typname)::text, k.conname::text, NULL,
  ARRAY['definition', 'index options', 'clustered', 'comment'],
  ARRAY[pg_get_constraintdef(k.oid),
        (SELECT string_agg(o, ', ' ORDER BY o) FROM pg_class i, unnest(i.reloptions) o WHERE i.oid = k.conindid AND k.contype IN ('p', 'u', 'x')),
        (SELECT 'yes' FROM pg_index i WHERE i.indexrelid = k.conindid AND i.indisclustered AND k.contype IN ('p', 'u', 'x')),
        obj_description(k.oid, 'pg_constraint')]
FROM pg_constraint k
LEFT JOIN pg_class c ON c.oid = k.conrelid LEFT JOIN pg_type t ON t.oid = k.contypid
JOIN pg_namespace n ON n.oid = coalesce(c.relnamespace, t.typnamespace)
WHERE {ours} AND k.contype IN ('p', 'u', 'c', 'f', 'x') AND k.conparentid = 0 AND (k.conislocal OR k.contypid <> 0)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE (d.classid, d.objid) IN (('pg_class'::regclass, k.conrelid), ('pg_type'::regclass, k.contypid)) AND d.deptype = 'e')
