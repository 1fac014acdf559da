-- purpose: what keeps a log table of the user's from taking rows, privileges aside; no row where there is no such table
-- reads:   pg_catalog; $1 schema, $2 name, $3 the columns that are to be written
-- writes:  nothing
-- locks:   none
SELECT ARRAY(SELECT w FROM unnest($3::text[]) w
             WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = w AND a.attnum > 0 AND NOT a.attisdropped)),
       ARRAY(SELECT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
               AND a.attname <> ALL ($3::text[]) ORDER BY a.attnum)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'f')
