-- purpose: the last local change of each key that the source had not seen when the batch was read
-- reads:   the changelog
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT DISTINCT ON ({keys}) {keys}, l.version_at, l.changed_at, coalesce(l.version_node, {here_id}::uuid) AS node{further}
  FROM {changelog} l
  WHERE l.xid BETWEEN '{xmin}'::xid8 AND '18446744073709551615'::xid8 AND NOT pg_visible_in_snapshot(l.xid, {seen_by_source})
    AND l.xid <> pg_current_xact_id() AND {travels}
  WINDOW own AS (PARTITION BY {keys})
  ORDER BY {keys}, l.seq DESC
