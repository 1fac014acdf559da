-- Purpose: about how many rows tables have; those of a partitioned one are its partitions'.
-- Reads:   pg_catalog.
-- Writes:  nothing.
-- Locks:   ACCESS SHARE on partitioned tables.
SELECT n.nspname::text, c.relname::text,
  (SELECT coalesce(sum(greatest(coalesce(nullif(leaf.reltuples, -1), 0), s.n_live_tup)), 0)::int8
   FROM pg_class leaf LEFT JOIN pg_stat_user_tables s ON s.relid = leaf.oid
   WHERE leaf.oid = c.oid
      OR (c.relkind = 'p' AND leaf.oid IN (SELECT relid FROM pg_partition_tree(c.oid) WHERE isleaf)))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {ours} AND c.relkind IN ('r', 'p') AND NOT c.relispartition
