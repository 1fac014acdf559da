-- Purpose: what a file said when it was applied. Rows that an earlier build wrote do not know; through the row as JSON
--          the query also runs where the column is missing.
-- Reads:   ponte.migration.
-- Writes:  nothing.
-- Locks:   ACCESS SHARE on ponte.migration.
SELECT to_jsonb(m) ->> 'script' AS script FROM {schema}.migration m WHERE m.revision::numeric = {revision}::numeric
