-- Purpose: one row for each tick that was decided; ticks that have one keep it.
-- Reads:   nothing.
-- Writes:  ponte.job_run.
-- Locks:   the rows that it makes.
INSERT INTO ponte.job_run (job, scheduled_at, cause, state, reason, ticks, finished_at)
SELECT $1, t.tick::timestamptz, t.cause, t.state, nullif(t.reason, ''), t.ticks::bigint,
       CASE WHEN t.state = 'skipped' THEN clock_timestamp() END
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) AS t (tick, cause, state, reason, ticks)
ON CONFLICT (job, scheduled_at) DO NOTHING
