-- purpose: let this node's row travel as it is, or its absence, as the newest change; $1 the key as JSON
-- reads:   the table, the row type of the table
-- writes:  the changelog; at most one NOTIFY
-- locks:   ROW EXCLUSIVE on the changelog
WITH row AS (
  INSERT INTO {log} ({staged_key}, op, version_at)
  SELECT {row_key}, CASE WHEN EXISTS (SELECT FROM {table} t WHERE {matches}) THEN 'U' ELSE 'D' END::"char", {newest}
  FROM json_populate_record(NULL::{table}, $1::text::json) r
  RETURNING 1
)
SELECT pg_notify('ponte', '') FROM row
