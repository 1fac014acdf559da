-- Purpose: begin a run that no tick asked for, if none is under way.
-- Reads:   ponte.job_run.
-- Writes:  ponte.job_run.
-- Locks:   the row that it makes.
INSERT INTO ponte.job_run (job, cause, state, attempt, fence, runner, started_at, lease_until)
VALUES ($1, 'manual', 'running', 1, 1, $2, clock_timestamp(), clock_timestamp() + $3 * interval '1 millisecond')
ON CONFLICT DO NOTHING
RETURNING id, fence, attempt, scheduled_at, progress
