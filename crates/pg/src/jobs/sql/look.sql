-- Purpose: where these jobs stand: what is decided, what waits, what is under way.
-- Reads:   ponte.job, ponte.job_run.
-- Writes:  nothing.
-- Locks:   none beyond ACCESS SHARE.
SELECT clock_timestamp() AS now, j.name, j.decided_until, j.paused_at IS NOT NULL AS paused,
       o.running, o.queued, o.ready_at, o.lease_until
FROM ponte.job j
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE r.state = 'running') > 0 AS running,
           count(*) FILTER (WHERE r.state = 'queued') AS queued,
           min(r.not_before) FILTER (WHERE r.state = 'queued') AS ready_at,
           min(r.lease_until) FILTER (WHERE r.state = 'running') AS lease_until
    FROM ponte.job_run r
    WHERE r.job = j.name AND r.state IN ('queued', 'running')) o
WHERE j.name = ANY ($1)
