-- purpose: how many rows and bytes each table has, as the statistics and the file system say; a partitioned one with all its parts
-- reads:   pg_class, sizes of files
-- writes:  nothing
-- locks:   ACCESS SHARE on each table for the moment of asking
SELECT n.nspname::text, c.relname::text, t.rows, t.bytes
FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL (
    SELECT COALESCE(pg_catalog.sum(CASE WHEN pg_catalog.pg_relation_size(k.oid) = 0 THEN 0 ELSE GREATEST(k.reltuples, 1) END), 0)::pg_catalog.int8 AS rows,
      COALESCE(pg_catalog.sum(pg_catalog.pg_total_relation_size(k.oid)), 0)::pg_catalog.int8 AS bytes
    FROM pg_catalog.pg_class k
    WHERE k.oid = c.oid
      OR c.relkind = 'p' AND k.oid IN (SELECT p.relid FROM pg_catalog.pg_partition_tree(c.oid) p WHERE p.isleaf)
  ) t
WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname <> 'ponte'
