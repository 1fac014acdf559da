-- Purpose: the history row of a repeatable file, in its own transaction.
-- Reads:   nothing.
-- Writes:  ponte.migration_repeatable, ponte.migration_log.
-- Locks:   one row.
WITH done AS (
    INSERT INTO {schema}.migration_repeatable (name, checksum, duration_ms, release)
    VALUES ({name}, {checksum}, {duration_ms}, {release})
    ON CONFLICT (name) DO UPDATE
    SET checksum = excluded.checksum, applied_at = now(), duration_ms = excluded.duration_ms,
        applied_by = session_user, release = excluded.release
    RETURNING duration_ms
)
INSERT INTO {schema}.migration_log (revision, name, action, duration_ms, release)
SELECT 'R', {name}, {action}, done.duration_ms, {release} FROM done
