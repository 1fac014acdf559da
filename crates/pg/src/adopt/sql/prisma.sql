-- Purpose: what Prisma has applied, failed and rolled back; of several rows about a migration the last counts.
-- Reads:   its table.
-- Writes:  nothing.
-- Locks:   ACCESS SHARE on what it reads.
SELECT '' AS version, migration_name::text AS name,
       CASE WHEN rolled_back_at IS NOT NULL THEN 'undone' WHEN finished_at IS NULL THEN 'failed' ELSE 'applied' END AS state
FROM {table} ORDER BY started_at, rolled_back_at NULLS LAST
