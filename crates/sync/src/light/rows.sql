-- purpose: the changed rows of a table since the snapshot {consumed}, no more than a light batch carries and one
-- reads:   the changelog, the user's table
-- writes:  nothing
-- locks:   none
WITH pending AS (
  SELECT DISTINCT ON ({keys}) {keys}, l.version_at,
         bool_or(l.op = 'I') OVER (PARTITION BY {keys} ORDER BY l.seq DESC ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS inserted
  FROM {changelog} l
  WHERE l.xid BETWEEN pg_snapshot_xmin({consumed}::text::pg_snapshot) AND '18446744073709551615'::xid8
    AND NOT pg_visible_in_snapshot(l.xid, {consumed}::text::pg_snapshot) AND {travels}
  ORDER BY {keys}, l.seq DESC)
SELECT t.ctid IS NOT NULL AS present, p.inserted, {newest}, {shipped_keys}{shipped}
FROM pending p LEFT JOIN {table} t ON {matches}
LIMIT {limit}
