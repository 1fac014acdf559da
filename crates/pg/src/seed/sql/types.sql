-- Purpose: what types are made of.
-- Reads:   pg_catalog.
-- Writes:  nothing.
-- Locks:   none beyond ACCESS SHARE on the catalog.
WITH ranges AS (
  SELECT rngtypid AS type, rngsubtype AS subtype, false AS several FROM pg_range
  UNION ALL
  SELECT (to_jsonb(r) ->> 'rngmultitypid')::oid, rngsubtype, true FROM pg_range r WHERE to_jsonb(r) ? 'rngmultitypid'
)
SELECT t.oid::int8, t.typname::text, format_type(t.typbasetype, t.typtypmod) AS base_printed, t.typtype::text,
  CASE WHEN t.typcategory = 'A' THEN t.typelem::int8 ELSE 0 END AS element,
  t.typbasetype::int8, t.typtypmod, t.typnotnull, r.subtype::int8, coalesce(r.several, false),
  ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder),
  ARRAY(SELECT a.atttypid::int8 FROM pg_attribute a
        WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
  ARRAY(SELECT a.atttypmod FROM pg_attribute a
        WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
FROM pg_type t LEFT JOIN ranges r ON r.type = t.oid
WHERE t.typtype IN ('b', 'd', 'e', 'r', 'm', 'c')
