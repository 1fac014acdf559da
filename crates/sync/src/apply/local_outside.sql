-- purpose: local changes, and the rows outside the filter whose key a staged row has: they were never shipped, and must not be overwritten unseen
-- reads:   the changelog, the table, the stage
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT DISTINCT ON ({keys}) l.*
  FROM (
    SELECT c.*, 1 AS changed FROM ({changes}) c
    UNION ALL
    SELECT {row_keys}, coalesce({version}, '-infinity'), '-infinity'::timestamptz, {here_id}::uuid{born}, 0
    FROM {stage} x JOIN {table} u ON {matches}
    WHERE {arrived}NOT {inside}) l
  ORDER BY {keys}, l.changed DESC
