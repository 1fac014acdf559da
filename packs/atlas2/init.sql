-- The whole schema with its settings, from any of these states: an empty database, after the first migration, after all of them. What
-- is there already stays as it is. For psql: psql -d atlas2 -f database/init.sql
--
-- Under ponte, migrate up does the same and keeps a history; a database that was made here joins it with: ponte migrate stamp 003

\set ON_ERROR_STOP on
BEGIN;

SELECT to_regclass('public.users') IS NULL AS needs_001,
       to_regclass('public.user_dashboard_stats') IS NULL AS needs_002,
       to_regproc('public.process_job') IS NULL AS needs_003
\gset

\if :needs_001
\ir migrations/001_initial_schema.sql
\endif
\if :needs_002
\ir migrations/002_add_indexes_and_constraints.sql
\endif
\if :needs_003
\ir migrations/003_csv_processing.sql
\endif

\ir seeds/001_system_settings.sql

COMMIT;
