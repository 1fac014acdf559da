-- purpose: columns: of tables all; of partitions and children what differs from the parent; of views what was set on them
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
WITH described AS MATERIALIZED (
  SELECT c.oid AS relation, a.attname AS name, n.nspname, c.relname, c.relkind,
    CASE WHEN c.relkind NOT IN ('v', 'm') THEN format_type(a.atttypid, a.atttypmod) END AS type, a.attnotnull, a.attidentity, a.attgenerated,
    CASE WHEN a.atthasdef THEN (SELECT pg_get_expr(f.adbin, f.adrelid) FROM pg_attrdef f WHERE f.adrelid = c.oid AND f.adnum = a.attnum) END
      AS expression,
    CASE WHEN a.attcollation <> t.typcollation AND c.relkind NOT IN ('v', 'm') THEN a.attcollation::regcollation::text END AS collation,
    CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END AS storage, {compression} AS compression,
    nullif(coalesce(a.attstattarget::int, -1), -1) AS statistics,
    CASE WHEN a.attoptions IS NOT NULL THEN (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(a.attoptions) o) END AS options,
    CASE WHEN a.attfdwoptions IS NOT NULL THEN {foreign_options} END AS foreign_options,
    {grants} AS grants, said.description AS comment, i.inhparent AS parent
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_description said ON said.classoid = 'pg_class'::regclass AND said.objoid = c.oid AND said.objsubid = a.attnum
  LEFT JOIN (SELECT DISTINCT ON (first.inhrelid) first.inhrelid, first.inhparent FROM pg_inherits first ORDER BY first.inhrelid, first.inhseqno) i
    ON i.inhrelid = c.oid
  WHERE {ours} AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
)
SELECT 'column', c.nspname::text, c.relname::text, c.name::text, NULL,
  ARRAY['type', 'not null', 'default', 'generated', 'identity', 'collation', 'storage', 'compression', 'statistics', 'options',
        'foreign options', 'grants', 'comment'],
  ARRAY[c.type, CASE WHEN c.attnotnull THEN 'yes' END,
        CASE WHEN c.attgenerated = '' THEN c.expression END,
        CASE c.attgenerated WHEN 's' THEN 'stored: ' || c.expression WHEN 'v' THEN 'virtual: ' || c.expression END,
        CASE c.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END,
        c.collation, c.storage, c.compression, c.statistics::text, c.options, c.foreign_options, c.grants, c.comment]
FROM described c LEFT JOIN described p ON p.relation = c.parent AND p.name = c.name
WHERE CASE WHEN c.relkind IN ('v', 'm')
           THEN num_nonnulls(c.expression, c.statistics, c.options, c.grants, c.comment) > 0
           ELSE p.relation IS NULL
             OR (c.type, c.attnotnull, c.attidentity, c.attgenerated, c.expression, c.collation, c.storage, c.compression, c.statistics,
                 c.options, c.grants, c.comment)
                IS DISTINCT FROM
                (p.type, p.attnotnull, p.attidentity, p.attgenerated, p.expression, p.collation, p.storage, p.compression, p.statistics,
                 p.options, p.grants, p.comment) END
