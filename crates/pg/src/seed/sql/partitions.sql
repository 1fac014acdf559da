-- Purpose: what a row has to be like so that a partition takes it; nothing where one takes everything.
-- Reads:   pg_catalog.
-- Writes:  nothing.
-- Locks:   ACCESS SHARE on partitioned tables and their partitions.
SELECT root.oid::int8,
  CASE WHEN count(leaf.relid) = 0 THEN 'false'
       WHEN bool_and(pg_get_partition_constraintdef(leaf.relid) IS NOT NULL)
       THEN string_agg('(' || pg_get_partition_constraintdef(leaf.relid) || ')', ' OR ' ORDER BY leaf.relid) END
FROM pg_class root LEFT JOIN LATERAL pg_partition_tree(root.oid) leaf ON leaf.isleaf AND leaf.relid <> root.oid
WHERE root.relkind = 'p' AND NOT root.relispartition
GROUP BY root.oid
