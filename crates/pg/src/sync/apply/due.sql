-- purpose: the rows of the quarantine that are to be tried again, the longest waiting first; in the tables $4, $5 nothing that waits for its row to take part
-- reads:   ponte.quarantine
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT table_schema, table_name, key_values, version_at::text, changed_at::text, version_node::text
FROM ponte.quarantine
WHERE link = $1 AND (next_try_at <= clock_timestamp() OR ($2 AND kind = 'missing_parent'))
  AND NOT (kind = 'outside' AND (table_schema, table_name) IN (SELECT * FROM unnest($4::text[], $5::text[])))
ORDER BY next_try_at
LIMIT $3
