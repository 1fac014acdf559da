-- purpose: operator families, with members that belong to no class of theirs, and operator classes
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
WITH member AS (
  SELECT o.amopfamily AS family, d.refobjid AS class,
    'OPERATOR ' || o.amopstrategy || ' ' || o.amopopr::regoperator
      || CASE WHEN o.amopsortfamily <> 0 THEN (SELECT ' FOR ORDER BY ' || quote_ident(n.nspname) || '.' || quote_ident(f.opfname)
           FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace WHERE f.oid = o.amopsortfamily) ELSE '' END AS said,
    1 AS class_first, o.amopstrategy AS number
  FROM pg_amop o LEFT JOIN pg_depend d ON d.classid = 'pg_amop'::regclass AND d.objid = o.oid AND d.refclassid = 'pg_opclass'::regclass
  UNION ALL
  SELECT p.amprocfamily, d.refobjid,
    'FUNCTION ' || p.amprocnum || ' (' || format_type(p.amproclefttype, NULL) || ', ' || format_type(p.amprocrighttype, NULL) || ') '
      || p.amproc::regprocedure, 2, p.amprocnum
  FROM pg_amproc p LEFT JOIN pg_depend d ON d.classid = 'pg_amproc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_opclass'::regclass
)
SELECT 'operator family', n.nspname::text, NULL, f.opfname::text, m.amname::text,
  ARRAY['members', 'owner', 'comment'],
  ARRAY[(SELECT string_agg(x.said, ', ' ORDER BY x.class_first, x.number, x.said) FROM member x WHERE x.family = f.oid AND x.class IS NULL),
        pg_get_userbyid(f.opfowner)::text, obj_description(f.oid, 'pg_opfamily')]
FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am m ON m.oid = f.opfmethod
WHERE {ours} AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_opfamily'::regclass AND d.objid = f.oid AND d.deptype = 'e')
UNION ALL
SELECT 'operator class', n.nspname::text, NULL, c.opcname::text, m.amname::text,
  ARRAY['type', 'default', 'family', 'members', 'owner', 'comment'],
  ARRAY[format_type(c.opcintype, NULL), CASE WHEN c.opcdefault THEN 'yes' END,
        (SELECT quote_ident(fn.nspname) || '.' || quote_ident(f.opfname)
         FROM pg_opfamily f JOIN pg_namespace fn ON fn.oid = f.opfnamespace WHERE f.oid = c.opcfamily),
        concat_ws(', ', (SELECT string_agg(x.said, ', ' ORDER BY x.class_first, x.number, x.said) FROM member x WHERE x.class = c.oid),
                  CASE WHEN c.opckeytype <> 0 THEN 'STORAGE ' || format_type(c.opckeytype, NULL) END),
        pg_get_userbyid(c.opcowner)::text, obj_description(c.oid, 'pg_opclass')]
FROM pg_opclass c JOIN pg_namespace n ON n.oid = c.opcnamespace JOIN pg_am m ON m.oid = c.opcmethod
WHERE {ours} AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_opclass'::regclass AND d.objid = c.oid AND d.deptype = 'e')
