-- Purpose: what sqlx has applied.
-- Reads:   its table.
-- Writes:  nothing.
-- Locks:   ACCESS SHARE on what it reads.
SELECT version::text AS version, description::text AS name, CASE WHEN success THEN 'applied' ELSE 'failed' END AS state
FROM {table} ORDER BY version
