-- purpose: tables, indexes, views and their kin: what they are, what file they are kept in, what they are part of
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text, c.relispartition, pg_catalog.pg_relation_filenode(c.oid),
  pn.nspname::text, p.relname::text, x.indrelid
FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_index x ON x.indexrelid = c.oid
  LEFT JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid AND c.relispartition
  LEFT JOIN pg_catalog.pg_class p ON p.oid = COALESCE(x.indrelid, i.inhparent)
  LEFT JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname <> 'ponte'
