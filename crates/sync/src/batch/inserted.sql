-- purpose: the rows that were inserted since the consumed snapshot, as they are now, ready for the table itself
-- reads:   the changelog, the table; run in the REPEATABLE READ transaction whose snapshot becomes the consumed one
-- writes:  nothing
-- locks:   ACCESS SHARE
COPY (
  SELECT {shipped_keys}{columns}
  FROM (
    SELECT DISTINCT {keys} FROM {entries} l
    WHERE l.xid BETWEEN '{xmin}'::xid8 AND '18446744073709551615'::xid8 AND NOT pg_visible_in_snapshot(l.xid, {consumed}) AND {travels}) p
  JOIN {table} t ON {matches}
) TO STDOUT (FORMAT {format})
