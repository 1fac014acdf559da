-- purpose: everything the sync depends on about some tables, one JSON document per table that exists
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT w.position, jsonb_build_object(
  'schema', n.nspname, 'name', c.relname, 'kind', c.relkind,
  'inherited', c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid),
  'owned', pg_has_role(c.relowner, 'USAGE'),
  'row_security', c.relrowsecurity AND row_security_active(c.oid),
  'missing_privileges', (
    SELECT coalesce(jsonb_agg(p.name ORDER BY p.position), '[]')
    FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRIGGER']) WITH ORDINALITY p(name, position)
    WHERE NOT has_table_privilege(c.oid, p.name)),
  'columns', (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
      'name', a.attname, 'type_name', format_type(a.atttypid, a.atttypmod),
      'portable', a.atttypid < 16384 AND t.typtype IN ('b', 'r', 'm') AND a.atttypid::regtype::text NOT LIKE 'reg%',
      'not_null', a.attnotnull, 'generated', a.attgenerated <> '', 'identity', a.attidentity,
      'has_default', a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL) ORDER BY a.attnum), '[]')
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  'unique_keys', (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
      'primary', i.indisprimary, 'deferrable', NOT i.indimmediate,
      'columns', (SELECT jsonb_agg(a.attname ORDER BY k.position)
                  FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY k(attnum, position)
                  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum)) ORDER BY i.indisprimary DESC, i.indexrelid), '[]')
    FROM pg_index i
    WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL),
  'foreign_keys', (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
      'name', f.conname, 'deferrable', f.condeferrable,
      'child', jsonb_build_array(cn.nspname, cc.relname), 'parent', jsonb_build_array(pn.nspname, pc.relname),
      'child_columns', (SELECT jsonb_agg(a.attname ORDER BY k.position) FROM unnest(f.conkey) WITH ORDINALITY k(attnum, position)
                        JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.attnum),
      'parent_columns', (SELECT jsonb_agg(a.attname ORDER BY k.position) FROM unnest(f.confkey) WITH ORDINALITY k(attnum, position)
                         JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.attnum)) ORDER BY f.oid), '[]')
    FROM pg_constraint f
    JOIN pg_class cc ON cc.oid = f.conrelid JOIN pg_namespace cn ON cn.oid = cc.relnamespace
    JOIN pg_class pc ON pc.oid = f.confrelid JOIN pg_namespace pn ON pn.oid = pc.relnamespace
    WHERE f.contype = 'f' AND f.conparentid = 0 AND c.oid IN (f.conrelid, f.confrelid)),
  'triggers', (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
      'name', g.tgname, 'definition', pg_get_triggerdef(g.oid),
      'rewrites_rows', (g.tgtype & 1) <> 0 AND (g.tgtype & 2) <> 0 AND (g.tgtype & (4 | 16)) <> 0,
      'enabled', g.tgenabled IN ('O', 'A'),
      'guarded', pg_get_triggerdef(g.oid) LIKE '%ponte.is_applying()%') ORDER BY g.tgname), '[]')
    FROM pg_trigger g
    WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgname NOT IN (SELECT unnest($3::text[]))),
  'sequences', (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
      'name', jsonb_build_array(sn.nspname, sc.relname), 'column', a.attname, 'increment', s.seqincrement) ORDER BY a.attnum), '[]')
    FROM pg_depend d
    JOIN pg_class sc ON sc.oid = d.objid AND sc.relkind = 'S' JOIN pg_namespace sn ON sn.oid = sc.relnamespace
    JOIN pg_sequence s ON s.seqrelid = sc.oid
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.deptype IN ('a', 'i')),
  'capture', (
    SELECT coalesce(jsonb_agg(g.tgname ORDER BY g.tgname), '[]')
    FROM pg_trigger g
    WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A') AND g.tgname IN (SELECT unnest($3::text[])))
)::text
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY w(schema_name, table_name, position)
JOIN pg_namespace n ON n.nspname = w.schema_name
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.table_name
ORDER BY w.position
