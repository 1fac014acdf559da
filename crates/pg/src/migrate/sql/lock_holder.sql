-- Purpose: who holds the lock of the migration runner in this database.
-- Reads:   pg_locks, pg_stat_activity. What this role may not see comes back empty.
-- Writes:  nothing.
-- Locks:   none.
SELECT a.pid, coalesce(a.application_name, '') AS application_name, coalesce(a.client_addr::text, '') AS client_addr
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
  AND l.classid = {class}::oid AND l.objid = {object}::oid
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
LIMIT 1
