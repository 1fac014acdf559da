-- purpose: the last local change of each key that the source had not seen; of keys in the quarantine also those that were held back since
-- reads:   the changelog, ponte.quarantine
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT DISTINCT ON ({keys}) {keys}, l.version_at, l.changed_at, coalesce(l.version_node, {here_id}::uuid) AS node{further}
  FROM (
    SELECT l.*, false AS held FROM {changelog} l
    WHERE l.xid BETWEEN '{xmin}'::xid8 AND '18446744073709551615'::xid8 AND NOT pg_visible_in_snapshot(l.xid, {seen_by_source})
    UNION ALL
    SELECT l.*, true FROM ponte.quarantine q
    JOIN {changelog} l ON l.xid BETWEEN pg_snapshot_xmin(q.seen) AND '18446744073709551615'::xid8 AND NOT pg_visible_in_snapshot(l.xid, q.seen)
      AND pg_visible_in_snapshot(l.xid, {seen_by_source}) AND q.key_values = ARRAY[{key_texts}]::text[]
    WHERE q.link = {link} AND q.table_schema = {schema_name} AND q.table_name = {table_name} AND q.trying = pg_current_xact_id()) l
  WHERE l.xid <> pg_current_xact_id() AND {travels}
  WINDOW own AS (PARTITION BY {keys})
  ORDER BY {keys}, l.seq DESC
