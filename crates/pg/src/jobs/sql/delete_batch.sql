-- Purpose: delete the next rows of a table that a condition selects, in the order of its key.
-- Reads:   the table.
-- Writes:  the table.
-- Locks:   the rows. One that changes meanwhile is looked at again before it is deleted.
WITH batch AS MATERIALIZED (
    SELECT {columns} FROM {table} AS t WHERE {condition}{after}
    ORDER BY {order} LIMIT {rows} FOR UPDATE),
gone AS (
    DELETE FROM {table} AS d USING batch AS b WHERE {match} RETURNING 1)
SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM batch), (SELECT {last} FROM batch ORDER BY {backwards} LIMIT 1)
