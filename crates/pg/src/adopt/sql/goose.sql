-- Purpose: what goose has applied and undone; of several rows about a version the last counts.
-- Reads:   its table.
-- Writes:  nothing.
-- Locks:   ACCESS SHARE on what it reads.
SELECT version_id::text AS version, '' AS name, CASE WHEN is_applied THEN 'applied' ELSE 'undone' END AS state
FROM {table} ORDER BY id
