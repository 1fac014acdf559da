-- Purpose: a run came a step further. Part of the transaction of that step.
-- Reads:   ponte.job_run.
-- Writes:  ponte.job_run.
-- Locks:   the row of the run.
UPDATE ponte.job_run SET progress = {progress}
WHERE id = {run} AND fence = {fence} AND state = 'running'
