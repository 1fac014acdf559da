-- purpose: enums, domains, ranges and composite types that are no tables
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range type' ELSE 'composite type' END,
  n.nspname::text, NULL, t.typname::text, NULL,
  ARRAY['labels', 'type', 'not null', 'default', 'collation', 'subtype', 'subtype operator class', 'canonical', 'subtype difference',
        'multirange', 'attributes', 'attribute comments', 'owner', 'grants', 'comment'],
  ARRAY[
    (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
    CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
    CASE WHEN t.typtype = 'd' AND t.typnotnull THEN 'yes' END,
    CASE t.typtype WHEN 'd' THEN pg_get_expr(t.typdefaultbin, 0) END,
    CASE t.typtype WHEN 'r' THEN CASE WHEN r.rngcollation <> sub.typcollation THEN r.rngcollation::regcollation::text END
         ELSE CASE WHEN t.typcollation <> coalesce(base.typcollation, 0) THEN t.typcollation::regcollation::text END END,
    format_type(r.rngsubtype, NULL), CASE WHEN NOT operators.opcdefault THEN quote_ident(opn.nspname) || '.' || quote_ident(operators.opcname) END, nullif(r.rngcanonical::oid, 0)::regproc::text,
    nullif(r.rngsubdiff::oid, 0)::regproc::text,
    format_type((to_jsonb(r) ->> 'rngmultitypid')::oid, NULL),
    CASE t.typtype WHEN 'c' THEN (
      SELECT string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
                        || CASE WHEN a.attcollation <> at.typcollation THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END,
                        ', ' ORDER BY a.attnum)
      FROM pg_attribute a JOIN pg_type at ON at.oid = a.atttypid
      WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) END,
    CASE t.typtype WHEN 'c' THEN (
      SELECT string_agg(quote_ident(a.attname) || ' ' || quote_literal(d.description), ', ' ORDER BY a.attnum)
      FROM pg_attribute a JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = a.attrelid AND d.objsubid = a.attnum
      WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) END,
    pg_get_userbyid(t.typowner)::text, {grants}, obj_description(t.oid, 'pg_type')]
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_type base ON base.oid = t.typbasetype
LEFT JOIN pg_range r ON r.rngtypid = t.oid LEFT JOIN pg_opclass operators ON operators.oid = r.rngsubopc
LEFT JOIN pg_namespace opn ON opn.oid = operators.opcnamespace LEFT JOIN pg_type sub ON sub.oid = r.rngsubtype
WHERE {ours} AND t.typtype IN ('e', 'd', 'r', 'c')
  AND (t.typtype <> 'c' OR EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
