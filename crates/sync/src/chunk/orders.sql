-- purpose: how the columns of a key can be ordered so that every server agrees
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
WITH RECURSIVE columns AS (
  SELECT k.position, a.atttypid AS type, a.attcollation AS collation
  FROM unnest($3::text[]) WITH ORDINALITY k(name, position)
  JOIN pg_namespace n ON n.nspname = $1
  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = $2
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = k.name
  UNION ALL
  -- What a domain is made of.
  SELECT d.position, t.typbasetype, d.collation FROM columns d JOIN pg_type t ON t.oid = d.type WHERE t.typtype = 'd'
)
SELECT CASE
    WHEN t.typtype = 'e' THEN 'label'
    WHEN t.typcategory IN ('A', 'C', 'P') OR t.typtype = 'c' THEN 'none'
    WHEN c.collation = 0 THEN 'own'
    WHEN t.oid IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'name'::regtype)
     AND EXISTS (SELECT FROM pg_collation l WHERE l.oid = c.collation AND l.collisdeterministic) THEN 'bytes'
    ELSE 'none' END
FROM columns c JOIN pg_type t ON t.oid = c.type
WHERE t.typtype <> 'd'
ORDER BY c.position
