-- Purpose: the revisions that Alembic is at; several where there are several heads.
-- Reads:   its table.
-- Writes:  nothing.
-- Locks:   ACCESS SHARE on what it reads.
SELECT version_num::text AS version, '' AS name, 'applied' AS state FROM {table} ORDER BY 1
