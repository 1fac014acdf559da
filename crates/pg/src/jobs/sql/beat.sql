-- Purpose: keep the leases of runs that go on; those that are not ours any more are not answered.
-- Reads:   ponte.job_run.
-- Writes:  ponte.job_run.
-- Locks:   the rows of the runs.
UPDATE ponte.job_run r
SET lease_until = clock_timestamp() + m.lease::bigint * interval '1 millisecond'
FROM unnest($1::text[], $2::text[], $3::text[]) AS m (id, fence, lease)
WHERE r.id = m.id::bigint AND r.fence = m.fence::bigint AND r.state = 'running'
RETURNING r.id, r.cancel_asked
