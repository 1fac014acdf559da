-- purpose: for each object the transaction that wrote to a row of it last; true on servers of our own, whose transactions never began anew
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
WITH {things}, touched (classid, objid, objsubid, xid) AS (
  SELECT 'pg_class'::regclass::oid, x.oid, 0, x.xmin FROM pg_class x
  UNION ALL SELECT 'pg_class'::regclass, x.attrelid, x.attnum, x.xmin FROM pg_attribute x WHERE x.attnum > 0
  UNION ALL SELECT 'pg_class'::regclass, x.adrelid, x.adnum, x.xmin FROM pg_attrdef x
  UNION ALL SELECT 'pg_class'::regclass, x.indexrelid, 0, x.xmin FROM pg_index x
  UNION ALL SELECT 'pg_class'::regclass, x.seqrelid, 0, x.xmin FROM pg_sequence x
  UNION ALL SELECT 'pg_class'::regclass, x.inhrelid, 0, x.xmin FROM pg_inherits x
  UNION ALL SELECT 'pg_type'::regclass, x.oid, 0, x.xmin FROM pg_type x WHERE x.typrelid = 0
  UNION ALL SELECT 'pg_type'::regclass, x.enumtypid, 0, x.xmin FROM pg_enum x
  UNION ALL SELECT 'pg_namespace'::regclass, x.oid, 0, x.xmin FROM pg_namespace x
  UNION ALL SELECT 'pg_extension'::regclass, x.oid, 0, x.xmin FROM pg_extension x
  UNION ALL SELECT 'pg_proc'::regclass, x.oid, 0, x.xmin FROM pg_proc x
  UNION ALL SELECT 'pg_operator'::regclass, x.oid, 0, x.xmin FROM pg_operator x
  UNION ALL SELECT 'pg_opfamily'::regclass, x.oid, 0, x.xmin FROM pg_opfamily x
  UNION ALL SELECT 'pg_opclass'::regclass, x.oid, 0, x.xmin FROM pg_opclass x
  UNION ALL SELECT 'pg_collation'::regclass, x.oid, 0, x.xmin FROM pg_collation x
  UNION ALL SELECT 'pg_constraint'::regclass, x.oid, 0, x.xmin FROM pg_constraint x
  UNION ALL SELECT 'pg_rewrite'::regclass, x.oid, 0, x.xmin FROM pg_rewrite x
  UNION ALL SELECT 'pg_trigger'::regclass, x.oid, 0, x.xmin FROM pg_trigger x
  UNION ALL SELECT 'pg_policy'::regclass, x.oid, 0, x.xmin FROM pg_policy x
  UNION ALL SELECT 'pg_statistic_ext'::regclass, x.oid, 0, x.xmin FROM pg_statistic_ext x
  UNION ALL SELECT 'pg_publication'::regclass, x.oid, 0, x.xmin FROM pg_publication x
  UNION ALL SELECT 'pg_publication_rel'::regclass, x.oid, 0, x.xmin FROM pg_publication_rel x
  UNION ALL SELECT 'pg_event_trigger'::regclass, x.oid, 0, x.xmin FROM pg_event_trigger x
  UNION ALL SELECT 'pg_cast'::regclass, x.oid, 0, x.xmin FROM pg_cast x
  UNION ALL SELECT 'pg_language'::regclass, x.oid, 0, x.xmin FROM pg_language x
  UNION ALL SELECT 'pg_ts_dict'::regclass, x.oid, 0, x.xmin FROM pg_ts_dict x
  UNION ALL SELECT 'pg_ts_config'::regclass, x.oid, 0, x.xmin FROM pg_ts_config x
  UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, x.oid, 0, x.xmin FROM pg_foreign_data_wrapper x
  UNION ALL SELECT 'pg_foreign_server'::regclass, x.oid, 0, x.xmin FROM pg_foreign_server x
  UNION ALL SELECT 'pg_user_mapping'::regclass, x.oid, 0, x.xmin FROM pg_user_mapping x
  UNION ALL SELECT x.classoid, x.objoid, x.objsubid, x.xmin FROM pg_description x
)
SELECT t.kind, t.schema, t.of, t.name, t.signature, max(x.xid::text::bigint)
FROM touched x JOIN thing t ON t.classid = x.classid AND t.objid = x.objid AND t.objsubid = x.objsubid
WHERE t.kind IS NOT NULL
GROUP BY 1, 2, 3, 4, 5
