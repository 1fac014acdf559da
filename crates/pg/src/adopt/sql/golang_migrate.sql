-- Purpose: the version that golang-migrate is at; dirty is what failed on the way.
-- Reads:   its table.
-- Writes:  nothing.
-- Locks:   ACCESS SHARE on what it reads.
SELECT version::text AS version, '' AS name, CASE WHEN dirty THEN 'failed' ELSE 'applied' END AS state
FROM {table} ORDER BY version
