-- Purpose: what Atlas has applied, or counts as applied (bit 1 of the type: a baseline; bit 4: said to be applied). Versions that begin with a dot are
--          notes of its own.
-- Reads:   its table.
-- Writes:  nothing.
-- Locks:   ACCESS SHARE on what it reads.
SELECT version::text AS version, '' AS name,
       CASE WHEN type = 1 THEN 'baseline'
            WHEN type & 4 = 0 AND (applied < total OR coalesce(error, '') <> '') THEN 'failed'
            ELSE 'applied' END AS state
FROM {table}
WHERE version NOT LIKE '.%'
ORDER BY version
