-- Purpose: the oldest transaction that a rebuild of indexes would wait for: one that has looked at the database, or holds a lock on the
--          table, for longer than $2 seconds. What another role's session does is only seen by members of pg_read_all_stats.
-- Reads:   pg_stat_activity, pg_locks.
-- Writes:  nothing.
-- Locks:   none.
SELECT a.pid, coalesce(a.application_name, '') AS application, extract(epoch FROM clock_timestamp() - a.xact_start)::int8 AS seconds
FROM pg_catalog.pg_stat_activity a
WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid()
  AND a.xact_start < clock_timestamp() - pg_catalog.make_interval(secs => $2::float8)
  AND (a.backend_xmin IS NOT NULL OR EXISTS (
    SELECT FROM pg_catalog.pg_locks l WHERE l.pid = a.pid AND l.granted AND l.locktype = 'relation' AND l.relation::int8 = $1))
ORDER BY a.xact_start
LIMIT 1
