-- purpose: record a table as one that comes to a link: captured from this snapshot on, not joined yet
-- reads:   nothing
-- writes:  ponte.link_table
-- locks:   ROW EXCLUSIVE on it
INSERT INTO ponte.link_table
  (link, table_schema, table_name, key_columns, other_columns, version_column, max_future_seconds, installed_snapshot, joined)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::pg_snapshot, false)
ON CONFLICT (link, table_schema, table_name) DO UPDATE
SET key_columns = excluded.key_columns, other_columns = excluded.other_columns, version_column = excluded.version_column,
    max_future_seconds = excluded.max_future_seconds, installed_snapshot = excluded.installed_snapshot, joined = false, capture_marks = NULL
