-- purpose: everything the sync depends on about some tables, one JSON document per table that exists
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT w.position, jsonb_build_object(
  'schema', n.nspname, 'name', c.relname, 'kind', c.relkind,
  'inherited', c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid),
  'inherits', NOT c.relispartition AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid),
  'partition_of', (
    SELECT jsonb_build_array(pn.nspname, pc.relname)
    FROM pg_inherits i JOIN pg_class pc ON pc.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = pc.relnamespace
    WHERE c.relispartition AND i.inhrelid = c.oid),
  'role', current_user, 'owned', pg_has_role(c.relowner, 'USAGE'), 'owner', pg_get_userbyid(c.relowner),
  'owned_by_superuser', (SELECT o.rolsuper FROM pg_roles o WHERE o.oid = c.relowner), 'row_secured', c.relrowsecurity,
  'row_security', c.relrowsecurity AND row_security_active(c.oid),
  'missing_privileges', (
    SELECT coalesce(jsonb_agg(p.name ORDER BY p.position), '[]')
    FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRIGGER']) WITH ORDINALITY p(name, position)
    WHERE NOT has_table_privilege(c.oid, p.name)),
  'columns', (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
      'name', a.attname, 'type_name', format_type(a.atttypid, a.atttypmod), 'base_type', format_type(a.atttypid, -1),
      'portable', a.atttypid < 16384 AND t.typtype IN ('b', 'r', 'm') AND t.typsend <> 0 AND a.atttypid::regtype::text NOT LIKE 'reg%',
      'exact', (t.typtype = 'e' OR a.atttypid IN (SELECT unnest(
          '{bool,int2,int4,int8,uuid,date,time,timestamp,timestamptz,bytea,text,varchar}'::regtype[])))
        AND NOT EXISTS (SELECT FROM pg_collation l WHERE l.oid = a.attcollation AND NOT l.collisdeterministic),
      -- Collations by what they do, because their names need not agree.
      'folds', (
        SELECT CASE WHEN l.oid IS NULL THEN 'type ' || b.typname
                    ELSE concat_ws(' ', 'collation', coalesce(to_jsonb(l) ->> 'colllocale', to_jsonb(l) ->> 'colliculocale', l.collcollate),
                                   to_jsonb(l) ->> 'collicurules') END
        FROM pg_type b LEFT JOIN pg_collation l ON l.oid = a.attcollation AND NOT l.collisdeterministic
        WHERE b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END AND (l.oid IS NOT NULL OR b.typname IN ('bpchar', 'citext'))),
      'domain', t.typtype = 'd', 'number', a.attnum,
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
    WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
      -- UNIQUE (..., period WITHOUT OVERLAPS) of PostgreSQL 18 says nothing about equality.
      AND NOT i.indisexclusion),
  'deferrable', (
    SELECT coalesce(jsonb_agg(d.conname ORDER BY d.conname), '[]')
    FROM pg_constraint d WHERE d.conrelid = c.oid AND d.condeferrable AND d.contype IN ('p', 'u', 'x')),
  'foreign_keys', (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
      'name', f.conname, 'deferrable', f.condeferrable, 'temporal', coalesce((to_jsonb(f) ->> 'conperiod')::boolean, false),
      'child', jsonb_build_array(cn.nspname, cc.relname), 'parent', jsonb_build_array(pn.nspname, pc.relname),
      'child_columns', (SELECT jsonb_agg(a.attname ORDER BY k.position) FROM unnest(f.conkey) WITH ORDINALITY k(attnum, position)
                        JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.attnum),
      'parent_columns', (SELECT jsonb_agg(a.attname ORDER BY k.position) FROM unnest(f.confkey) WITH ORDINALITY k(attnum, position)
                         JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.attnum)) ORDER BY f.oid), '[]')
    FROM pg_constraint f
    JOIN pg_class cc ON cc.oid = f.conrelid JOIN pg_namespace cn ON cn.oid = cc.relnamespace
    JOIN pg_class pc ON pc.oid = f.confrelid JOIN pg_namespace pn ON pn.oid = pc.relnamespace
    -- Columns of pg_constraint that PostgreSQL 18 brought are asked for in a form that older servers understand.
    WHERE f.contype = 'f' AND f.conparentid = 0 AND coalesce((to_jsonb(f) ->> 'conenforced')::boolean, true) AND c.oid IN (f.conrelid, f.confrelid)),
  'triggers', (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
      'name', g.tgname, 'definition', pg_get_triggerdef(g.oid),
      'rewrites_rows', (g.tgtype & 1) <> 0 AND (g.tgtype & 2) <> 0 AND (g.tgtype & (4 | 16)) <> 0,
      'fires', g.tgenabled,
      'guarded', EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_trigger'::regclass AND d.objid = g.oid
                         AND d.refobjid = to_regprocedure('ponte.is_applying()'))) ORDER BY g.tgname), '[]')
    FROM pg_trigger g
    WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgname NOT IN (SELECT unnest($3::text[]))),
  'sequences', (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
      'name', jsonb_build_array(sn.nspname, sc.relname), 'column', a.attname, 'increment', s.seqincrement, 'start', s.seqstart) ORDER BY a.attnum), '[]')
    FROM pg_depend d
    JOIN pg_class sc ON sc.oid = d.objid AND sc.relkind = 'S' JOIN pg_namespace sn ON sn.oid = sc.relnamespace
    JOIN pg_sequence s ON s.seqrelid = sc.oid
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.deptype IN ('a', 'i')),
  'subscribed', EXISTS (SELECT FROM pg_subscription_rel r WHERE r.srrelid = c.oid),
  'capture_marks', (
    SELECT md5(string_agg(concat_ws(' ', g.oid, g.xmin, g.tgenabled, f.oid, f.proowner, f.prosecdef, f.proconfig,
      -- Which part of the changelog has its turn makes no difference.
      md5(regexp_replace(f.prosrc, '"ponte"\."changelog[0-9]_', '"ponte"."changelog_', 'g'))), ',' ORDER BY g.tgname))
    FROM pg_trigger g JOIN pg_proc f ON f.oid = g.tgfoid
    WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgname IN (SELECT unnest($3::text[]))),
  'capture_filter', (
    SELECT substr(d, length($4) + 1)
    FROM pg_trigger g, obj_description(g.tgfoid, 'pg_proc') d
    WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgname = 'ponte_delete' AND starts_with(d, $4)),
  'capture_always', NOT EXISTS (
    SELECT FROM pg_trigger g
    WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgenabled <> 'A' AND g.tgname IN (SELECT unnest($3::text[]))),
  'capture', (
    SELECT coalesce(jsonb_agg(g.tgname ORDER BY g.tgname), '[]')
    FROM pg_trigger g
    WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A') AND g.tgname IN (SELECT unnest($3::text[]))
      AND NOT EXISTS (SELECT FROM pg_trigger p WHERE p.tgparentid <> 0 AND p.tgname = g.tgname AND p.tgenabled NOT IN ('O', 'A')
                      AND p.tgrelid IN (SELECT relid FROM pg_partition_tree(c.oid))))
)::text
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY w(schema_name, table_name, position)
JOIN pg_namespace n ON n.nspname = w.schema_name
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.table_name
ORDER BY w.position
