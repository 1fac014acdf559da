-- purpose: note how long the link $1 wants the changelogs of its tables kept: schemas $2, names $3, seconds $4; writes only what is new
-- reads:   nothing else
-- writes:  ponte.link_table
-- locks:   the rows
UPDATE ponte.link_table t SET retention_seconds = w.seconds
FROM unnest($2::text[], $3::text[], $4::bigint[]) w(table_schema, table_name, seconds)
WHERE t.link = $1 AND t.table_schema = w.table_schema AND t.table_name = w.table_name AND t.retention_seconds IS DISTINCT FROM w.seconds
