-- Purpose: what must not occur twice: unique indexes and exclusion constraints. Of an index on expressions, the columns that they use.
-- Reads:   pg_catalog.
-- Writes:  nothing.
-- Locks:   none beyond ACCESS SHARE on the catalog.
SELECT i.indrelid::int8, c.relname::text,
  CASE WHEN i.indexprs IS NULL
       THEN ARRAY(SELECT key.attnum FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS key (attnum, place)
                  WHERE key.place <= i.indnkeyatts ORDER BY key.place)
       ELSE ARRAY(SELECT DISTINCT d.refobjsubid::int2 FROM pg_depend d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                    AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid > 0) END,
  i.indexprs IS NOT NULL OR i.indpred IS NOT NULL OR i.indisexclusion
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indisunique OR i.indisexclusion
ORDER BY i.indrelid, NOT i.indisprimary, c.relname COLLATE "C"
