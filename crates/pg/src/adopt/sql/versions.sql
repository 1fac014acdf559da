-- Purpose: the versions that dbmate or Rails have applied.
-- Reads:   its table.
-- Writes:  nothing.
-- Locks:   ACCESS SHARE on what it reads.
SELECT version::text AS version, '' AS name, 'applied' AS state FROM {table} ORDER BY version
