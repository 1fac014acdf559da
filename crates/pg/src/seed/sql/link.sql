-- Purpose: lets the rows that this transaction made point to rows that came after them, or to others of the same table as a tree of four
--          branches. Every tenth points to nothing where that is allowed.
-- Reads:   the table that is filled and the one that it points to.
-- Writes:  the table that is filled.
-- Locks:   ROW EXCLUSIVE on it.
WITH child AS (
  SELECT tableoid AS tab, ctid AS row, {fixed} AS fixed, row_number() OVER (PARTITION BY {fixed} ORDER BY tableoid, ctid) - 1 AS n
  FROM {table} WHERE age(xmin) <= 0
), parent AS (
  SELECT {keys}, {target_fixed} AS fixed, row_number() OVER (PARTITION BY {target_fixed} ORDER BY tableoid, ctid) - 1 AS n,
    count(*) OVER (PARTITION BY {target_fixed}) AS total
  FROM {target} WHERE {target_new}
)
UPDATE {table} AS t SET {assignments}
FROM child JOIN parent ON parent.fixed = child.fixed AND parent.n = {pick}
WHERE t.tableoid = child.tab AND t.ctid = child.row AND {condition}
