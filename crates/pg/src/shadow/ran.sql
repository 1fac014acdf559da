-- Purpose: what ran on a shadow, oldest first, with the transaction in which it came to its end.
-- Reads:   ponte.migration_log.
-- Writes:  nothing.
-- Locks:   none beyond ACCESS SHARE on the log.
SELECT l.xmin::text::bigint AS transaction, l.revision, l.name FROM ponte.migration_log l WHERE l.action = 'up' ORDER BY l.id
