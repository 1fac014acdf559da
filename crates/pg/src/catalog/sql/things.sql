-- purpose: rows of the catalog by the objects of the model that they belong to, as the first part of a WITH
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
relation AS (
  SELECT c.oid, c.relkind, n.nspname AS schema, t.relname AS of, c.relname AS name,
    CASE WHEN c.relkind IN ('r', 'p', 'f') THEN 'table' WHEN c.relkind = 'v' THEN 'view' WHEN c.relkind = 'm' THEN 'materialized view'
         WHEN c.relkind = 'S' THEN 'sequence' WHEN c.relkind = 'c' THEN 'composite type' WHEN k.oid IS NOT NULL THEN 'constraint'
         WHEN c.relkind IN ('i', 'I') THEN 'index' END AS kind
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_class t ON t.oid = i.indrelid
  LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.contype IN ('p', 'u', 'x') AND k.conrelid = i.indrelid
  WHERE {ours}
), type AS (
  SELECT t.oid, CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range type' END AS kind, n.nspname AS schema,
    t.typname AS name, t.typarray, t.typrelid
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE {ours}
), thing (classid, objid, objsubid, kind, schema, of, name, signature) AS (
  SELECT 'pg_namespace'::regclass::oid, n.oid, 0, 'schema', NULL::text, NULL::text, n.nspname::text, NULL::text FROM pg_namespace n WHERE {ours}
  UNION ALL SELECT 'pg_extension'::regclass, e.oid, 0, 'extension', NULL, NULL, e.extname::text, NULL FROM pg_extension e
  UNION ALL SELECT d.classid, d.objid, d.objsubid, 'extension', NULL, NULL, e.extname::text, NULL
    FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
  UNION ALL SELECT 'pg_class'::regclass, r.oid, 0, r.kind, r.schema::text, r.of::text, r.name::text, NULL FROM relation r
  UNION ALL SELECT 'pg_class'::regclass, r.oid, a.attnum, 'column', r.schema::text, r.name::text, a.attname::text, NULL
    FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped WHERE r.kind = 'table'
  UNION ALL SELECT 'pg_type'::regclass, t.oid, 0, t.kind, t.schema::text, NULL, t.name::text, NULL FROM type t WHERE t.kind IS NOT NULL
  UNION ALL SELECT 'pg_type'::regclass, t.typarray, 0, t.kind, t.schema::text, NULL, t.name::text, NULL
    FROM type t WHERE t.kind IS NOT NULL AND t.typarray <> 0
  UNION ALL SELECT 'pg_type'::regclass, x.oid, 0, r.kind, r.schema::text, NULL, r.name::text, NULL
    FROM type t JOIN relation r ON r.oid = t.typrelid CROSS JOIN LATERAL (VALUES (t.oid), (nullif(t.typarray, 0))) x (oid) WHERE x.oid IS NOT NULL
  UNION ALL SELECT 'pg_proc'::regclass, p.oid, 0, CASE p.prokind WHEN 'a' THEN 'aggregate' ELSE 'function' END, n.nspname::text, NULL,
      p.proname::text, pg_get_function_identity_arguments(p.oid)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {ours}
  UNION ALL SELECT 'pg_operator'::regclass, o.oid, 0, 'operator', n.nspname::text, NULL, o.oprname::text,
      coalesce(format_type(nullif(o.oprleft, 0), NULL), 'NONE') || ', ' || format_type(o.oprright, NULL)
    FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE {ours}
  UNION ALL SELECT 'pg_opfamily'::regclass, f.oid, 0, 'operator family', n.nspname::text, NULL, f.opfname::text, m.amname::text
    FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am m ON m.oid = f.opfmethod WHERE {ours}
  UNION ALL SELECT 'pg_opclass'::regclass, c.oid, 0, 'operator class', n.nspname::text, NULL, c.opcname::text, m.amname::text
    FROM pg_opclass c JOIN pg_namespace n ON n.oid = c.opcnamespace JOIN pg_am m ON m.oid = c.opcmethod WHERE {ours}
  UNION ALL SELECT d.classid, d.objid, 0, 'operator class', n.nspname::text, NULL, c.opcname::text, m.amname::text
    FROM pg_depend d JOIN pg_opclass c ON d.refclassid = 'pg_opclass'::regclass AND c.oid = d.refobjid
    JOIN pg_namespace n ON n.oid = c.opcnamespace JOIN pg_am m ON m.oid = c.opcmethod
    WHERE {ours} AND d.classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass)
  UNION ALL SELECT 'pg_type'::regclass, multi.oid, 0, t.kind, t.schema::text, NULL, t.name::text, NULL
    FROM type t JOIN pg_range r ON r.rngtypid = t.oid JOIN pg_type multi0 ON multi0.oid = (to_jsonb(r) ->> 'rngmultitypid')::oid
    CROSS JOIN LATERAL (VALUES (multi0.oid), (nullif(multi0.typarray, 0))) multi (oid) WHERE multi.oid IS NOT NULL
  UNION ALL SELECT 'pg_collation'::regclass, c.oid, 0, 'collation', n.nspname::text, NULL, c.collname::text, NULL
    FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace WHERE {ours}
  UNION ALL SELECT 'pg_constraint'::regclass, k.oid, 0, 'constraint', n.nspname::text, coalesce(c.relname, t.typname)::text, k.conname::text, NULL
    FROM pg_constraint k LEFT JOIN pg_class c ON c.oid = k.conrelid LEFT JOIN pg_type t ON t.oid = k.contypid
    JOIN pg_namespace n ON n.oid = k.connamespace WHERE {ours} AND k.contype IN ('p', 'u', 'c', 'f', 'x')
  UNION ALL SELECT 'pg_attrdef'::regclass, f.oid, 0, 'column', r.schema::text, r.name::text, a.attname::text, NULL
    FROM pg_attrdef f JOIN relation r ON r.oid = f.adrelid JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum WHERE r.kind = 'table'
  UNION ALL SELECT 'pg_rewrite'::regclass, w.oid, 0, CASE w.rulename WHEN '_RETURN' THEN r.kind ELSE 'rule' END, r.schema::text,
      CASE WHEN w.rulename <> '_RETURN' THEN r.name::text END, CASE w.rulename WHEN '_RETURN' THEN r.name ELSE w.rulename END::text, NULL
    FROM pg_rewrite w JOIN relation r ON r.oid = w.ev_class
  UNION ALL SELECT 'pg_trigger'::regclass, g.oid, 0, 'trigger', r.schema::text, r.name::text, g.tgname::text, NULL
    FROM pg_trigger g JOIN relation r ON r.oid = g.tgrelid WHERE NOT g.tgisinternal
  UNION ALL SELECT 'pg_policy'::regclass, p.oid, 0, 'policy', r.schema::text, r.name::text, p.polname::text, NULL
    FROM pg_policy p JOIN relation r ON r.oid = p.polrelid
  UNION ALL SELECT 'pg_statistic_ext'::regclass, s.oid, 0, 'statistics', n.nspname::text, NULL, s.stxname::text, NULL
    FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE {ours}
  UNION ALL SELECT 'pg_publication'::regclass, p.oid, 0, 'publication', NULL, NULL, p.pubname::text, NULL FROM pg_publication p
  UNION ALL SELECT 'pg_publication_rel'::regclass, x.oid, 0, 'publication', NULL, NULL, p.pubname::text, NULL
    FROM pg_publication_rel x JOIN pg_publication p ON p.oid = x.prpubid
  UNION ALL SELECT 'pg_event_trigger'::regclass, e.oid, 0, 'event trigger', NULL, NULL, e.evtname::text, NULL FROM pg_event_trigger e
  UNION ALL SELECT 'pg_cast'::regclass, c.oid, 0, 'cast', NULL, NULL, format_type(c.castsource, NULL) || ' AS ' || format_type(c.casttarget, NULL), NULL
    FROM pg_cast c WHERE c.oid >= 16384
  UNION ALL SELECT 'pg_language'::regclass, l.oid, 0, 'language', NULL, NULL, l.lanname::text, NULL FROM pg_language l WHERE l.oid >= 16384
  UNION ALL SELECT 'pg_ts_dict'::regclass, t.oid, 0, 'text search dictionary', n.nspname::text, NULL, t.dictname::text, NULL
    FROM pg_ts_dict t JOIN pg_namespace n ON n.oid = t.dictnamespace WHERE {ours}
  UNION ALL SELECT 'pg_ts_config'::regclass, t.oid, 0, 'text search configuration', n.nspname::text, NULL, t.cfgname::text, NULL
    FROM pg_ts_config t JOIN pg_namespace n ON n.oid = t.cfgnamespace WHERE {ours}
  UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, w.oid, 0, 'foreign-data wrapper', NULL, NULL, w.fdwname::text, NULL FROM pg_foreign_data_wrapper w
  UNION ALL SELECT 'pg_foreign_server'::regclass, s.oid, 0, 'foreign server', NULL, NULL, s.srvname::text, NULL FROM pg_foreign_server s
  UNION ALL SELECT 'pg_user_mapping'::regclass, m.umid, 0, 'user mapping', NULL, m.srvname::text, m.usename::text, NULL FROM pg_user_mappings m
)
