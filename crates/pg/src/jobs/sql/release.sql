-- Purpose: give a run back that this process will not end, as if it had never been taken.
-- Reads:   ponte.job_run.
-- Writes:  ponte.job_run.
-- Locks:   the row of the run.
UPDATE ponte.job_run
SET state = CASE WHEN cause = 'manual' THEN 'cancelled' ELSE 'queued' END,
    finished_at = CASE WHEN cause = 'manual' THEN clock_timestamp() END,
    not_before = clock_timestamp(), lease_until = NULL, attempt = attempt - 1
WHERE id = $1 AND fence = $2 AND state = 'running'
