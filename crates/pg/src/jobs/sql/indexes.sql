-- Purpose: the indexes of a table, or the one index that is named; and what interrupted rebuilds left beside them.
-- Reads:   pg_class, pg_namespace, pg_index.
-- Writes:  nothing.
-- Locks:   none beyond catalog reads.
SELECT n.nspname::text AS schema_name, c.relname::text AS name, i.indisvalid AS valid,
       NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' AS leftover
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE i.indrelid = coalesce((SELECT x.indrelid FROM pg_catalog.pg_index x WHERE x.indexrelid::bigint = $1), $1::oid)
  AND (c.oid::bigint = $1 OR i.indrelid::bigint = $1 OR (NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$'))
  AND NOT i.indisexclusion AND c.relkind = 'i'
ORDER BY c.relname
