-- Purpose: foreign keys and CHECKs of tables, and the CHECKs of domains.
-- Reads:   pg_catalog.
-- Writes:  nothing.
-- Locks:   none beyond ACCESS SHARE on the catalog.
SELECT k.conrelid::int8, k.contypid::int8, k.conname::text, k.contype = 'f', coalesce(k.conkey, '{}')::int2[], k.confrelid::int8,
  ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS key (attnum, place)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = key.attnum ORDER BY key.place),
  k.condeferrable, pg_get_expr(k.conbin, k.conrelid)
FROM pg_constraint k
WHERE k.contype IN ('c', 'f') AND k.conparentid = 0
ORDER BY k.conrelid, k.conname COLLATE "C"
