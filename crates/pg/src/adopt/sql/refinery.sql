-- Purpose: what refinery has applied.
-- Reads:   its table.
-- Writes:  nothing.
-- Locks:   ACCESS SHARE on what it reads.
SELECT version::text AS version, name::text AS name, 'applied' AS state FROM {table} ORDER BY version
