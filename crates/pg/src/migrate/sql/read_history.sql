-- Purpose: the migrations that are applied or under way, in the order of their numbers.
-- Reads:   ponte.migration.
-- Writes:  nothing.
-- Locks:   ACCESS SHARE on ponte.migration.
SELECT revision, name, checksum_up, checksum_down, checksum_tokens,
       to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS applied_at,
       duration_ms, applied_by, release, direction, steps_done, step_begun, checksum_done
FROM {schema}.migration
ORDER BY revision::numeric
