-- purpose: indexes that were not there before and whose columns another index of the same table begins with
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT DISTINCT ON (n.nspname, c.relname, i.relname) n.nspname::text, c.relname::text, i.relname::text, j.relname::text
FROM pg_catalog.pg_index x
  JOIN pg_catalog.pg_index y ON y.indrelid = x.indrelid AND y.indexrelid <> x.indexrelid
  JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
  JOIN pg_catalog.pg_class j ON j.oid = y.indexrelid AND j.relam = i.relam
  JOIN pg_catalog.pg_am m ON m.oid = i.relam AND m.amname = 'btree'
  JOIN pg_catalog.pg_class c ON c.oid = x.indrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT x.indexrelid = ANY ($1) AND n.nspname !~ '^pg_' AND n.nspname <> 'ponte' AND NOT i.relispartition
  AND NOT x.indisunique AND y.indisvalid
  AND x.indpred IS NULL AND y.indpred IS NULL AND x.indexprs IS NULL AND y.indexprs IS NULL
  AND x.indnatts = x.indnkeyatts AND y.indnkeyatts >= x.indnkeyatts
  AND (x.indkey::int2[])[0:x.indnkeyatts - 1] = (y.indkey::int2[])[0:x.indnkeyatts - 1]
  AND (x.indclass::oid[])[0:x.indnkeyatts - 1] = (y.indclass::oid[])[0:x.indnkeyatts - 1]
  AND (x.indcollation::oid[])[0:x.indnkeyatts - 1] = (y.indcollation::oid[])[0:x.indnkeyatts - 1]
  AND (x.indoption::int2[])[0:x.indnkeyatts - 1] = (y.indoption::int2[])[0:x.indnkeyatts - 1]
  AND (y.indnkeyatts > x.indnkeyatts OR y.indisunique OR y.indexrelid < x.indexrelid)
ORDER BY n.nspname, c.relname, i.relname, j.relname
