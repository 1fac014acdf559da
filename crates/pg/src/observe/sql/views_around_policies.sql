-- purpose: views that were not there before, that run with their owner's rights, and that read tables with row-level security
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT DISTINCT n.nspname::text, v.relname::text, tn.nspname::text, t.relname::text
FROM pg_catalog.pg_class v
  JOIN pg_catalog.pg_namespace n ON n.oid = v.relnamespace
  JOIN pg_catalog.pg_rewrite r ON r.ev_class = v.oid
  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  JOIN pg_catalog.pg_class t ON t.oid = d.refobjid AND t.relrowsecurity
  JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
WHERE v.relkind = 'v' AND NOT v.oid = ANY ($1) AND n.nspname !~ '^pg_' AND n.nspname <> 'ponte'
  AND NOT EXISTS (SELECT FROM pg_catalog.unnest(v.reloptions) o WHERE o ~* '^security_invoker=(true|on|yes|1)$')
ORDER BY 1, 2, 3, 4
