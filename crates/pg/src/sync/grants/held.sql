-- purpose: for each of some privileges, whether the session's role has it, and whether one of the named roles has; $1 kinds, $2 schemas, $3 names, $4 privileges, $5 roles
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none
WITH wanted AS (
  SELECT w.position, w.kind, w.privilege, n.oid AS namespace, c.oid AS relation, c.relowner
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY w(kind, schema_name, name, privilege, position)
  LEFT JOIN pg_namespace n ON n.nspname = w.schema_name
  LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
), roles AS (
  SELECT current_user::text AS role, true AS own UNION ALL SELECT r, false FROM unnest($5::text[]) r
), answers AS (
  SELECT w.position, r.own, coalesce(CASE w.kind
    WHEN 'database' THEN has_database_privilege(r.role, current_database(), w.privilege)
      OR (w.privilege = 'CREATE' AND coalesce(has_schema_privilege(r.role, to_regnamespace('ponte'), 'CREATE'), false))
    -- What does not exist is somebody else's complaint.
    WHEN 'schema' THEN w.namespace IS NULL OR has_schema_privilege(r.role, w.namespace, w.privilege)
    WHEN 'table' THEN has_table_privilege(r.role, w.relation, w.privilege)
    WHEN 'insert' THEN w.relation IS NULL OR has_any_column_privilege(r.role, w.relation, 'INSERT')
    WHEN 'sequence' THEN has_sequence_privilege(r.role, w.relation, w.privilege)
    WHEN 'owner' THEN pg_has_role(r.role, w.relowner, 'USAGE')
    WHEN 'row_security' THEN (SELECT a.rolbypassrls OR a.rolsuper FROM pg_roles a WHERE a.rolname = r.role) OR pg_has_role(r.role, w.relowner, 'USAGE')
  END, false) AS held
  FROM wanted w CROSS JOIN roles r
)
SELECT bool_or(held) FILTER (WHERE own), coalesce(bool_or(held) FILTER (WHERE NOT own), false)
FROM answers GROUP BY position ORDER BY position
