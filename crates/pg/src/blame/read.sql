-- Purpose: what the journal knows, newest first.
-- Reads:   ponte_journal.entry.
-- Writes:  nothing.
-- Locks:   none beyond ACCESS SHARE on the journal.
SELECT to_char(e.done_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at, e.role, e.application, e.client, e.command, e.kind, e.identity, e.statement
FROM ponte_journal.entry e
ORDER BY e.id DESC
