-- purpose: how many objects there are of the kinds that the model does not hold
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT k.name, k.count
FROM (
  SELECT 'base type', count(*) FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE {ours} AND t.typtype = 'b' AND t.typelem = 0
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
  UNION ALL SELECT 'conversion', count(*) FROM pg_conversion o JOIN pg_namespace n ON n.oid = o.connamespace WHERE {ours}
  UNION ALL SELECT 'text search parser', count(*) FROM pg_ts_parser o JOIN pg_namespace n ON n.oid = o.prsnamespace WHERE {ours}
  UNION ALL SELECT 'text search template', count(*) FROM pg_ts_template o JOIN pg_namespace n ON n.oid = o.tmplnamespace
    WHERE {ours} AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_ts_template'::regclass AND d.objid = o.oid AND d.deptype = 'e')
  UNION ALL SELECT 'transform', count(*) FROM pg_transform o
    WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_transform'::regclass AND d.objid = o.oid AND d.deptype = 'e')
  UNION ALL SELECT 'access method', count(*) FROM pg_am o
    WHERE o.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_am'::regclass AND d.objid = o.oid AND d.deptype = 'e')
  UNION ALL SELECT 'subscription', count(s.subdbid) FROM pg_subscription s
    WHERE s.subdbid = (SELECT b.oid FROM pg_database b WHERE b.datname = current_database())
  UNION ALL SELECT 'large object', count(*) FROM pg_largeobject_metadata
  UNION ALL SELECT 'security label', count(*) FROM pg_seclabel
  UNION ALL SELECT 'setting of the database or of a role in it', count(*) FROM pg_db_role_setting s
    WHERE s.setdatabase = (SELECT b.oid FROM pg_database b WHERE b.datname = current_database())
) k (name, count)
WHERE k.count > 0
