-- purpose: the entries of rows with which the same was done as one; a part of a statement
-- reads:   the entries
-- writes:  nothing
-- locks:   none
SELECT NULL::text AS key, NULL::text[] AS key_values, r.operation, r.status, min(r.error) AS error, min(r.sqlstate) AS sqlstate,
       max(r.version) AS version, count(*) AS rows
FROM ({rows}) r GROUP BY r.operation, r.status
