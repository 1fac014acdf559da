-- purpose: the locks that this session holds on relations of this database
-- reads:   pg_locks
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT l.relation, l.mode
FROM pg_catalog.pg_locks l
WHERE l.locktype = 'relation' AND l.granted AND l.pid = pg_catalog.pg_backend_pid()
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
