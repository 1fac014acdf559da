-- purpose: who keeps old row versions alive on this server, the oldest of each kind, and how many bytes of changelog parts ($1) each of them keeps from being given back
-- reads:   pg_stat_activity, where the times of other roles' sessions are hidden from a plain role, pg_prepared_xacts, pg_replication_slots, pg_locks
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
WITH holder AS (
  (SELECT 'transaction' AS kind, a.pid, nullif(a.application_name, '') AS name, extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS seconds,
          greatest(age(a.backend_xmin), age(a.backend_xid)) AS transactions, NULL::text AS owner
   FROM pg_stat_activity a
   WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
   ORDER BY 5 DESC LIMIT 1)
  UNION ALL
  (SELECT 'prepared transaction', NULL, p.gid, extract(epoch FROM clock_timestamp() - p.prepared)::float8, age(p.transaction), '-1/' || p.transaction
   FROM pg_prepared_xacts p WHERE p.database = current_database()
   ORDER BY p.prepared LIMIT 1)
  UNION ALL
  (SELECT 'replication slot', s.active_pid, s.slot_name, NULL, greatest(age(s.xmin), age(s.catalog_xmin)), NULL
   FROM pg_replication_slots s WHERE (s.xmin IS NOT NULL OR s.catalog_xmin IS NOT NULL) AND coalesce(s.database, current_database()) = current_database()
   ORDER BY 5 DESC LIMIT 1)
)
SELECT h.kind, h.pid, h.name, h.seconds, h.transactions::bigint, coalesce((
  SELECT sum(pg_total_relation_size(r.relation)) FROM unnest($1::text[]) n(name), LATERAL (SELECT to_regclass(n.name) AS relation) r
  WHERE EXISTS (SELECT FROM pg_locks l WHERE l.relation = r.relation AND l.granted AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
                AND CASE WHEN h.owner IS NULL THEN l.pid = h.pid ELSE l.virtualtransaction = h.owner END)), 0)::bigint
FROM holder h
