-- purpose: the sequences that fill columns of a table which an INSERT leaves out; $1 schema, $2 name, $3 the columns that it fills. An identity needs no privilege.
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none
SELECT sn.nspname::text, s.relname::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attrdef d ON d.adrelid = c.oid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.adnum AND a.attname <> ALL ($3::text[])
JOIN pg_depend p ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass
JOIN pg_class s ON s.oid = p.refobjid AND s.relkind = 'S' JOIN pg_namespace sn ON sn.oid = s.relnamespace
WHERE n.nspname = $1 AND c.relname = $2
ORDER BY 1, 2
