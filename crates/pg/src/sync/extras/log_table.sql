-- purpose: what keeps the role from adding rows to a log table of the user's; no row where there is no such table
-- reads:   pg_catalog; $1 schema, $2 name, $3 the columns that are to be written
-- writes:  nothing
-- locks:   none
SELECT current_user::text,
       has_schema_privilege(n.oid, 'USAGE'),
       ARRAY(SELECT w FROM unnest($3::text[]) w
             WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = w AND a.attnum > 0 AND NOT a.attisdropped)),
       ARRAY(SELECT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
               AND a.attname <> ALL ($3::text[]) ORDER BY a.attnum),
       bool_and(has_any_column_privilege(c.oid, 'INSERT'))
         AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = ANY ($3::text[]) AND a.attnum > 0
                           AND NOT has_column_privilege(c.oid, a.attnum, 'INSERT')),
       ARRAY(SELECT format('%I.%I', sn.nspname, s.relname) FROM pg_attrdef d
             JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum AND a.attname <> ALL ($3::text[])
             JOIN pg_depend p ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass
             JOIN pg_class s ON s.oid = p.refobjid AND s.relkind = 'S' JOIN pg_namespace sn ON sn.oid = s.relnamespace
             WHERE d.adrelid = c.oid AND CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE') END ORDER BY 1)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'f')
GROUP BY c.oid, n.oid
