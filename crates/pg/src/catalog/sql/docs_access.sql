-- purpose: what roles may do in effect with tables and views; superusers and the server's own roles are left out
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT r.rolname::text, n.nspname::text, c.relname::text, held.letters
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN pg_roles r
CROSS JOIN LATERAL (
  SELECT string_agg(p.letter, '' ORDER BY p.place) AS letters
  FROM (VALUES (1, 'r', 'SELECT'), (2, 'a', 'INSERT'), (3, 'w', 'UPDATE'), (4, 'd', 'DELETE'), (5, 'D', 'TRUNCATE'), (6, 'x', 'REFERENCES'),
               (7, 't', 'TRIGGER')) AS p (place, letter, privilege)
  WHERE has_table_privilege(r.oid, c.oid, p.privilege)) held
WHERE {ours} AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition
  AND r.rolname !~ '^pg_' AND NOT r.rolsuper AND held.letters IS NOT NULL
ORDER BY r.rolname COLLATE "C", n.nspname COLLATE "C", c.relname COLLATE "C"
