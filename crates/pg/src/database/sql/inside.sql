-- Purpose: which privileges there are in a database already, one text for each.
-- Reads:   pg_catalog.
-- Writes:  nothing.
-- Locks:   none beyond ACCESS SHARE on the catalog.
SELECT 'database ' || coalesce(r.rolname::text, 'PUBLIC') || ' ' || a.privilege_type
FROM pg_database d CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE d.datname = current_database()
UNION ALL
SELECT 'schema ' || coalesce(r.rolname::text, 'PUBLIC') || ' ' || a.privilege_type
FROM pg_namespace n CROSS JOIN LATERAL aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE n.nspname = 'public'
UNION ALL
SELECT 'default ' || d.defaclobjtype::text || ' ' || r.rolname::text || ' ' || a.privilege_type
FROM pg_default_acl d CROSS JOIN LATERAL aclexplode(d.defaclacl) a JOIN pg_roles r ON r.oid = a.grantee
WHERE pg_get_userbyid(d.defaclrole) = {owner} AND d.defaclnamespace = to_regnamespace('public')
UNION ALL
SELECT 'extension ' || e.extname::text FROM pg_extension e
