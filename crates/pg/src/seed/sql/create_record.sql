-- Purpose: the record of the seed files that were applied, so that one that has not changed is not applied again.
-- Reads:   nothing.
-- Writes:  ponte.seed_file.
-- Locks:   only on what it creates.
CREATE TABLE IF NOT EXISTS ponte.seed_file (
    file       text PRIMARY KEY,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    applied_by text NOT NULL DEFAULT session_user,
    release    text NOT NULL
);
COMMENT ON TABLE ponte.seed_file IS 'ponte seed, format 1'
