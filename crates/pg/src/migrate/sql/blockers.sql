-- Purpose: the sessions that a waiting statement of ours waits for.
-- Reads:   pg_locks through pg_blocking_pids, pg_stat_activity. What this role may not see comes back empty. The text of
--          other sessions' statements is not read: it holds values.
-- Writes:  nothing.
-- Locks:   none; pg_blocking_pids stops the lock manager for a moment, so it is asked once a second at most.
SELECT a.pid, coalesce(a.application_name, '') AS application_name, coalesce(a.usename, '') AS username,
       coalesce(a.state, '') AS state,
       coalesce(extract(epoch FROM clock_timestamp() - a.xact_start), 0)::bigint AS transaction_seconds
FROM unnest(pg_catalog.pg_blocking_pids({pid}::integer)) AS blocking (pid)
JOIN pg_catalog.pg_stat_activity a ON a.pid = blocking.pid
ORDER BY a.xact_start NULLS LAST
LIMIT 5
