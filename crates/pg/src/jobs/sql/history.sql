-- Purpose: the last runs, newest first.
-- Reads:   ponte.job_run.
-- Writes:  nothing.
-- Locks:   none beyond ACCESS SHARE.
SELECT id, job, scheduled_at, cause, state, reason, ticks, attempt, runner, started_at, finished_at, rows, error_code, error,
       (extract(epoch FROM coalesce(finished_at, clock_timestamp()) - started_at) * 1000)::bigint AS duration_ms
FROM ponte.job_run
WHERE ($1::text IS NULL OR job = $1) AND (NOT $2::boolean OR state IN ('failed', 'lost', 'cancelled'))
ORDER BY id DESC
LIMIT $3
