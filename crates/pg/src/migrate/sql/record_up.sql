-- Purpose: the history row of a migration, in its own transaction.
-- Reads:   ponte.migration.
-- Writes:  ponte.migration, ponte.migration_log.
-- Locks:   one row.
WITH applied AS (
    INSERT INTO {schema}.migration AS m (revision, name, checksum_up, checksum_down, checksum_tokens, duration_ms, release, script)
    VALUES ({revision}, {name}, {checksum_up}, {checksum_down}, {checksum_tokens}, {duration_ms}, {release}, {script})
    ON CONFLICT (revision) DO UPDATE
    SET name = excluded.name, checksum_up = excluded.checksum_up, checksum_down = excluded.checksum_down,
        checksum_tokens = excluded.checksum_tokens, applied_at = now(), duration_ms = excluded.duration_ms,
        applied_by = session_user, release = excluded.release, direction = NULL, steps_done = 0, step_begun = false,
        checksum_done = NULL, script = excluded.script
    WHERE m.direction IS NOT NULL OR {action} = 'stamp'
    RETURNING duration_ms
)
INSERT INTO {schema}.migration_log (revision, name, action, duration_ms, release)
SELECT {revision}, {name}, {action}, applied.duration_ms, {release} FROM applied
