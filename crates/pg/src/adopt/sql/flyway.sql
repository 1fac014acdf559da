-- Purpose: what Flyway has done. DELETE rows take a version out; SCHEMA rows only say that a schema was made.
-- Reads:   its table.
-- Writes:  nothing.
-- Locks:   ACCESS SHARE on what it reads.
SELECT coalesce(version::text, '') AS version, script::text AS name,
       CASE WHEN NOT success THEN 'failed'
            WHEN type IN ('DELETE') OR type LIKE 'UNDO%' THEN 'undone'
            WHEN version IS NULL THEN 'repeatable'
            WHEN type = 'BASELINE' THEN 'baseline'
            ELSE 'applied' END AS state
FROM {table}
WHERE type <> 'SCHEMA'
ORDER BY installed_rank
