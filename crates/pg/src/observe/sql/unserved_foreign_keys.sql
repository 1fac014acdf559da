-- purpose: foreign keys that were not there before and that no index of the referring table begins with; a unique one over some of the columns finds
--          the one row as well
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT n.nspname::text, c.relname::text, k.conname::text,
  ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u(number, place)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number ORDER BY u.place)
FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND NOT k.oid = ANY ($1) AND n.nspname !~ '^pg_' AND n.nspname <> 'ponte'
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_index x
    WHERE x.indrelid = k.conrelid AND x.indpred IS NULL
      AND ((x.indkey::int2[])[0:pg_catalog.cardinality(k.conkey) - 1] @> k.conkey
        OR x.indisunique AND (x.indkey::int2[])[0:x.indnkeyatts - 1] <@ k.conkey))
ORDER BY 1, 2, 3
