-- Purpose: how far the index build of one session has come.
-- Reads:   pg_stat_progress_create_index.
-- Writes:  nothing.
-- Locks:   none.
SELECT p.phase,
       CASE WHEN p.blocks_total > 0 THEN p.blocks_done * 100 / p.blocks_total
            WHEN p.tuples_total > 0 THEN p.tuples_done * 100 / p.tuples_total END AS percent
FROM pg_catalog.pg_stat_progress_create_index p
WHERE p.pid = {pid}::integer
LIMIT 1
