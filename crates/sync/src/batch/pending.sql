-- purpose: the keys of the table that changed since the consumed snapshot, each with its row as it is now, ready for the stage; a row outside the filter counts as gone
-- reads:   the changelog, the table; run in the REPEATABLE READ transaction whose snapshot becomes the consumed one
-- writes:  nothing
-- locks:   ACCESS SHARE
-- The range has both ends: of a part that is new the planner knows nothing yet, and takes half a range for a third of it, which it would scan.
COPY (
  WITH pending AS (
    SELECT DISTINCT ON ({keys}) {keys}, l.version_at, l.changed_at, l.version_node,
           bool_or(l.op = 'I') OVER (PARTITION BY {keys} ORDER BY l.seq DESC ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS inserted{noted}
    FROM {changelog} l
    WHERE l.xid BETWEEN '{xmin}'::xid8 AND '18446744073709551615'::xid8 AND NOT pg_visible_in_snapshot(l.xid, {consumed}) AND {travels}{without}{held_back}
    ORDER BY {keys}, l.seq DESC)
  SELECT t.ctid IS NOT NULL, p.version_at, p.changed_at, coalesce(p.version_node, {node}::uuid), p.inserted, {shipped_keys}{shipped}{mask}
  FROM pending p {join} {table} t ON {matches}{and_inside}
) TO STDOUT (FORMAT {format})
