-- purpose: how large tables are, with their indexes; those of a partitioned one are its partitions'
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   ACCESS SHARE on the tables while each is measured
SELECT n.nspname::text, c.relname::text, coalesce(sum(greatest(leaf.reltuples, 0)), 0)::int8,
  coalesce(sum(pg_total_relation_size(leaf.oid)), 0)::int8
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN LATERAL pg_partition_tree(c.oid) part ON c.relkind = 'p' AND part.isleaf
LEFT JOIN pg_class leaf ON leaf.oid = coalesce(part.relid, c.oid)
WHERE {ours} AND c.relkind IN ('r', 'p') AND NOT c.relispartition
GROUP BY n.nspname, c.relname
