-- Purpose: a run ended without success: it waits for its next attempt, or is over.
-- Reads:   ponte.job_run.
-- Writes:  ponte.job_run.
-- Locks:   the row of the run; waits for a transaction that is writing its success.
UPDATE ponte.job_run
SET state = CASE WHEN $3::bigint IS NULL THEN $4 ELSE 'queued' END,
    not_before = clock_timestamp() + coalesce($3::bigint, 0) * interval '1 millisecond',
    finished_at = CASE WHEN $3::bigint IS NULL THEN clock_timestamp() END,
    lease_until = NULL, error_code = $5, error = $6
WHERE id = $1 AND fence = $2 AND state = 'running'
