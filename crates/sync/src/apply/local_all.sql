-- purpose: at the first contact every row of a range is a local change that the source has not seen; changes captured since count before it
-- reads:   the changelog, the table
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT DISTINCT ON ({keys}) {keys}, l.version_at, l.changed_at, l.node{further}
  FROM (
    SELECT {log_keys}, g.version_at, g.changed_at, coalesce(g.version_node, {here_id}::uuid) AS node, g.seq
    FROM {changelog} g WHERE g.xid <> pg_current_xact_id() AND {log_range}
    UNION ALL
    SELECT {row_keys}, coalesce({version}, '-infinity'), '-infinity'::timestamptz, {here_id}::uuid, 0
    FROM {table} u WHERE {row_range}) l
  ORDER BY {keys}, l.seq DESC
