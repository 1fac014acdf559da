-- Purpose: one run as it is recorded.
-- Reads:   ponte.job_run.
-- Writes:  nothing.
-- Locks:   none beyond ACCESS SHARE.
SELECT id, job, scheduled_at, cause, state, reason, ticks, attempt, runner, started_at, finished_at, rows, error_code, error,
       (extract(epoch FROM coalesce(finished_at, clock_timestamp()) - started_at) * 1000)::bigint AS duration_ms
FROM ponte.job_run
WHERE id = $1
