-- Purpose: the record of what was applied, and the log of everything that was done.
-- Reads:   nothing.
-- Writes:  ponte.migration, ponte.migration_log.
-- Locks:   only on what it creates.
--
-- A row of ponte.migration whose direction is not null belongs to a script that cannot run in a transaction and has not
-- come to its end: steps_done of its steps are committed, and step_begun says that the next one was sent.
-- script is the text of UP, for showing what was changed in a file since; nothing where it is very long.
CREATE TABLE IF NOT EXISTS {schema}.migration (
    revision        text PRIMARY KEY CHECK (revision ~ '^[0-9]+$'),
    name            text NOT NULL,
    checksum_up     text NOT NULL,
    checksum_down   text,
    checksum_tokens text NOT NULL,
    applied_at      timestamptz NOT NULL DEFAULT now(),
    duration_ms     bigint NOT NULL DEFAULT 0,
    applied_by      text NOT NULL DEFAULT session_user,
    release         text NOT NULL,
    direction       text CHECK (direction IN ('up', 'down')),
    steps_done      integer NOT NULL DEFAULT 0,
    step_begun      boolean NOT NULL DEFAULT false,
    checksum_done   text,
    script          text
);
CREATE TABLE IF NOT EXISTS {schema}.migration_log (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    revision    text NOT NULL,
    name        text NOT NULL,
    action      text NOT NULL CHECK (action IN ('up', 'down', 'stamp', 'unstamp')),
    done_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    duration_ms bigint NOT NULL,
    done_by     text NOT NULL DEFAULT session_user,
    release     text NOT NULL
);
COMMENT ON TABLE {schema}.migration IS 'ponte migrate, format 1';
COMMENT ON TABLE {schema}.migration_log IS 'what ponte migrate did, oldest first'
