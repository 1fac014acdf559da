-- Purpose: history that is old, or more than is kept. What is decided about ticks does not depend on it.
-- Reads:   ponte.job_run.
-- Writes:  ponte.job_run.
-- Locks:   the rows that go.
DELETE FROM ponte.job_run
WHERE job = $1 AND state NOT IN ('queued', 'running')
  AND (finished_at < clock_timestamp() - $2 * interval '1 second'
       OR id <= (SELECT k.id FROM ponte.job_run k WHERE k.job = $1 ORDER BY k.id DESC OFFSET $3 LIMIT 1))
