-- purpose: one entry of the user's log for each row that a batch wrote or had to leave; a part of a statement
-- reads:   our notes, the stage
-- writes:  nothing
-- locks:   none
SELECT concat_ws(',', {key_texts}) AS key, ARRAY[{key_texts}]::text[] AS key_values, {operation} AS operation,
       CASE WHEN max(n.sqlstate) IS NULL THEN 'success' ELSE 'failed' END AS status, max(n.error) AS error, max(n.sqlstate) AS sqlstate,
       nullif(coalesce(max(n.version_at), max(s.version_at)), '-infinity') AS version, 1::bigint AS rows
FROM {noted} n LEFT JOIN {stage} s ON {same_key}
GROUP BY {noted_keys}, n.sqlstate IS NULL
