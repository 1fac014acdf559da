-- Purpose: what is known about each job, and one row for every run of it.
-- Reads:   nothing.
-- Writes:  ponte.job, ponte.job_run, ponte.job_partition.
-- Locks:   an advisory lock until the end of the transaction, so that two processes that begin at once do not collide.
--
-- A tick has one row, whatever becomes of it: that is what the unique key is for. Runs by hand have no tick. A row that is running
-- belongs to the process whose fence it carries, until lease_until; the partial index lets one run of a job be under way at a time.
SELECT pg_catalog.pg_advisory_xact_lock(1886351988, 1785684595);
CREATE TABLE IF NOT EXISTS ponte.job (
    name          text PRIMARY KEY,
    schedule      text NOT NULL,
    decided_until timestamptz NOT NULL DEFAULT clock_timestamp(),
    paused_at     timestamptz,
    paused_by     text
);
CREATE TABLE IF NOT EXISTS ponte.job_run (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job           text NOT NULL,
    scheduled_at  timestamptz,
    cause         text NOT NULL CHECK (cause IN ('schedule', 'catch_up', 'manual')),
    state         text NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'lost', 'cancelled', 'skipped')),
    reason        text CHECK (reason IN ('missed', 'overlap')),
    ticks         bigint NOT NULL DEFAULT 1,
    attempt       integer NOT NULL DEFAULT 0,
    fence         bigint NOT NULL DEFAULT 0,
    not_before    timestamptz NOT NULL DEFAULT clock_timestamp(),
    runner        text,
    lease_until   timestamptz,
    cancel_asked  boolean NOT NULL DEFAULT false,
    started_at    timestamptz,
    finished_at   timestamptz,
    rows          bigint,
    progress      text,
    error_code    text,
    error         text,
    UNIQUE (job, scheduled_at),
    CHECK (state <> 'running' OR lease_until IS NOT NULL)
);
CREATE TABLE IF NOT EXISTS ponte.job_partition (
    schema_name text NOT NULL,
    table_name  text NOT NULL,
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (schema_name, table_name)
);
CREATE UNIQUE INDEX IF NOT EXISTS job_run_under_way ON ponte.job_run (job) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS job_run_open ON ponte.job_run (job, scheduled_at) WHERE state IN ('queued', 'running');
CREATE INDEX IF NOT EXISTS job_run_of_job ON ponte.job_run (job, id);
COMMENT ON TABLE ponte.job IS 'ponte jobs, format 1';
COMMENT ON TABLE ponte.job_run IS 'one row per run of a job; pruned by itself';
COMMENT ON TABLE ponte.job_partition IS 'partitions that a job has made, and no migration'
