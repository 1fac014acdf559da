-- Purpose: the columns that an INSERT may name, and whether the server counts them up.
-- Reads:   pg_catalog.
-- Writes:  nothing.
-- Locks:   none beyond ACCESS SHARE on the catalog.
SELECT a.attrelid::int8, a.attnum, a.attname::text, a.atttypid::int8, a.atttypmod, a.attnotnull,
  a.attidentity <> '' OR coalesce(pg_get_expr(f.adbin, f.adrelid) ~ '^nextval\(', false) AS is_counted,
  a.atthasdef OR a.attidentity <> '' AS has_default,
  format_type(a.atttypid, a.atttypmod)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attrelid, a.attnum
