-- Purpose: what the session's role may do, which of the wanted roles and extensions there are, and the database of that name.
-- Reads:   pg_catalog.
-- Writes:  nothing.
-- Locks:   none beyond ACCESS SHARE on the catalog.
SELECT me.rolname::text, me.rolsuper, me.rolcreatedb, me.rolcreaterole,
  ARRAY(SELECT r.rolname::text FROM pg_roles r WHERE r.rolname = ANY ({roles})),
  EXISTS (SELECT FROM pg_roles r WHERE r.rolname = {owner} AND pg_has_role(r.oid, {set})),
  ARRAY(SELECT wanted FROM unnest({extensions}) wanted
        WHERE wanted NOT IN (SELECT name FROM pg_available_extensions)),
  (SELECT pg_get_userbyid(d.datdba)::text FROM pg_database d WHERE d.datname = {name}),
  (SELECT pg_encoding_to_char(d.encoding)::text FROM pg_database d WHERE d.datname = {name}),
  (SELECT d.datcollate::text FROM pg_database d WHERE d.datname = {name})
FROM pg_roles me WHERE me.rolname = current_user
