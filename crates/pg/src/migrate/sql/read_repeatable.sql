-- Purpose: the repeatable files that were run, and what they said.
-- Reads:   ponte.migration_repeatable.
-- Writes:  nothing.
-- Locks:   ACCESS SHARE on ponte.migration_repeatable.
SELECT name, checksum, to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS applied_at
FROM {schema}.migration_repeatable
ORDER BY name
