-- Purpose: runs of a job whose process has not been heard of: they wait for their next attempt, or are lost. The fence moves on, so that
--          the process cannot write success any more if it is only slow.
-- Reads:   ponte.job_run.
-- Writes:  ponte.job_run.
-- Locks:   the row of the run.
UPDATE ponte.job_run
SET state = CASE WHEN attempt <= $2 AND cause <> 'manual' THEN 'queued' ELSE 'lost' END,
    finished_at = CASE WHEN attempt <= $2 AND cause <> 'manual' THEN NULL ELSE clock_timestamp() END,
    not_before = clock_timestamp(), fence = fence + 1, lease_until = NULL, error_code = $3, error = $4
WHERE job = $1 AND state = 'running' AND lease_until < clock_timestamp()
RETURNING id, state
