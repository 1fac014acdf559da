-- Purpose: make these jobs known. Under another schedule than before, what is past counts as decided: the new one's ticks of the past were
--          never due.
-- Reads:   ponte.job.
-- Writes:  ponte.job.
-- Locks:   the rows that are new or changed.
INSERT INTO ponte.job AS j (name, schedule)
SELECT n.name, n.schedule FROM unnest($1::text[], $2::text[]) AS n (name, schedule)
ON CONFLICT (name) DO UPDATE SET schedule = excluded.schedule, decided_until = clock_timestamp()
WHERE j.schedule <> excluded.schedule
