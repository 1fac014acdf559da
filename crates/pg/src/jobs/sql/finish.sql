-- Purpose: a run succeeded. Part of the transaction that holds its effects, wherever it has one.
-- Reads:   ponte.job_run.
-- Writes:  ponte.job_run.
-- Locks:   the row of the run.
UPDATE ponte.job_run
SET state = 'succeeded', finished_at = clock_timestamp(), lease_until = NULL, rows = {rows}
WHERE id = {run} AND fence = {fence} AND state = 'running'
