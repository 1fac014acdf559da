-- purpose: foreign keys with their columns in order
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT k.conname::text, n.nspname::text, c.relname::text,
  ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS key (attnum, place)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = key.attnum ORDER BY key.place),
  tn.nspname::text, t.relname::text,
  ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS key (attnum, place)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = key.attnum ORDER BY key.place)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class t ON t.oid = k.confrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE {ours} AND k.contype = 'f' AND k.conparentid = 0 AND NOT c.relispartition
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", k.conname COLLATE "C"
