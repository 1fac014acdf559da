-- purpose: constraints and indexes that a partition or child has from its parent, and keeps when it leaves
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT 'constraint', n.nspname::text, c.relname::text, k.conname::text, NULL,
  ARRAY['definition', 'comment'], ARRAY[pg_get_constraintdef(k.oid), obj_description(k.oid, 'pg_constraint')]
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {ours} AND k.contype IN ('p', 'u', 'c', 'f', 'x') AND k.coninhcount > 0 AND (k.conparentid <> 0 OR NOT k.conislocal)
UNION ALL
SELECT 'index', n.nspname::text, t.relname::text, c.relname::text, NULL,
  ARRAY['definition', 'comment'], ARRAY[pg_get_indexdef(c.oid), obj_description(c.oid, 'pg_class')]
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {ours} AND c.relispartition AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))
