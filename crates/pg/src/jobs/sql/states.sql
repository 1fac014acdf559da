-- Purpose: each job that is known here, with its last run that was not left out.
-- Reads:   ponte.job, ponte.job_run.
-- Writes:  nothing.
-- Locks:   none beyond ACCESS SHARE.
SELECT j.name, j.paused_at, j.paused_by, r.*
FROM ponte.job j
LEFT JOIN LATERAL (
    SELECT id, job, scheduled_at, cause, state, reason, ticks, attempt, runner, started_at, finished_at, rows, error_code, error,
           (extract(epoch FROM coalesce(finished_at, clock_timestamp()) - started_at) * 1000)::bigint AS duration_ms
    FROM ponte.job_run r WHERE r.job = j.name AND r.state <> 'skipped' ORDER BY r.id DESC LIMIT 1) r ON true
