-- Purpose: how large a database is and who is connected to it; no row where there is no such database.
-- Reads:   pg_catalog.
-- Writes:  nothing.
-- Locks:   none beyond ACCESS SHARE on the catalog.
SELECT CASE WHEN has_database_privilege(d.oid, 'CONNECT') THEN pg_database_size(d.oid) ELSE 0 END,
  a.pid, a.usename::text, a.application_name
FROM pg_database d LEFT JOIN pg_stat_activity a ON a.datid = d.oid AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
WHERE d.datname = {name}
