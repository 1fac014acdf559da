-- Purpose: take the oldest run of a job that waits, if none is under way.
-- Reads:   ponte.job, ponte.job_run.
-- Writes:  ponte.job_run.
-- Locks:   the row that it takes. Of two that take different rows at once, one hits the partial unique index.
UPDATE ponte.job_run r
SET state = 'running', fence = r.fence + 1, attempt = r.attempt + 1, runner = $2, cancel_asked = false,
    started_at = clock_timestamp(), lease_until = clock_timestamp() + $3 * interval '1 millisecond'
WHERE r.id = (
    SELECT q.id FROM ponte.job_run q
    WHERE q.job = $1 AND q.state = 'queued' AND q.not_before <= clock_timestamp()
      AND NOT EXISTS (SELECT FROM ponte.job_run u WHERE u.job = $1 AND u.state = 'running')
      AND EXISTS (SELECT FROM ponte.job j WHERE j.name = $1 AND j.paused_at IS NULL)
    ORDER BY q.scheduled_at, q.id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING r.id, r.fence, r.attempt, r.scheduled_at, r.progress
