-- Purpose: takes a migration out of the history, in the transaction that undid it.
-- Reads:   ponte.migration.
-- Writes:  ponte.migration, ponte.migration_log.
-- Locks:   one row.
WITH removed AS (
    DELETE FROM {schema}.migration WHERE revision::numeric = {revision}::numeric RETURNING revision, name
)
INSERT INTO {schema}.migration_log (revision, name, action, duration_ms, release)
SELECT removed.revision, removed.name, {action}, {duration_ms}, {release} FROM removed
