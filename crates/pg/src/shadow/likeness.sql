-- Purpose: what a shadow has to be like so that migrations do there what they do here: who runs them, which roles they may name, and
--          where they look for names without a schema (the role, the database or the connection may say that).
-- Reads:   pg_roles, pg_settings.
-- Writes:  nothing.
-- Locks:   ACCESS SHARE on what it reads.
SELECT current_user::text,
       ARRAY(SELECT rolname::text FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_'),
       (SELECT nullif(reset_val, '"$user", public') FROM pg_catalog.pg_settings WHERE name = 'search_path')
