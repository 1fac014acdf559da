-- purpose: who may do what according to an access list, one grantee after the other; an expression
-- reads:   the roles' names
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
coalesce((
  SELECT string_agg(g.line, '; ' ORDER BY g.line)
  FROM (
    SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END || ': '
             || string_agg(x.privilege_type || CASE WHEN x.is_grantable THEN '*' ELSE '' END, ', ' ORDER BY x.privilege_type) AS line
    FROM aclexplode({acl}) x GROUP BY x.grantee) g), 'nobody')
