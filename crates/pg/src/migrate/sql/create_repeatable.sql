-- Purpose: the record of repeatable files, made when the first of them is run.
-- Reads:   nothing.
-- Writes:  ponte.migration_repeatable.
-- Locks:   only on what it creates.
CREATE TABLE IF NOT EXISTS {schema}.migration_repeatable (
    name        text PRIMARY KEY,
    checksum    text NOT NULL,
    applied_at  timestamptz NOT NULL DEFAULT now(),
    duration_ms bigint NOT NULL,
    applied_by  text NOT NULL DEFAULT session_user,
    release     text NOT NULL
);
COMMENT ON TABLE {schema}.migration_repeatable IS 'repeatable files that ponte migrate has run'
