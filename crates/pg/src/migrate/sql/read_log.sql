-- Purpose: everything that was done, oldest first.
-- Reads:   ponte.migration_log.
-- Writes:  nothing.
-- Locks:   ACCESS SHARE on ponte.migration_log.
SELECT revision, name, action,
       to_char(done_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS done_at,
       duration_ms, done_by, release
FROM {schema}.migration_log
ORDER BY id
