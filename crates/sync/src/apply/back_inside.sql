-- purpose: what waits in the quarantine because its row did not take part, and does again or is gone, the longest waiting first
-- reads:   ponte.quarantine, the table through its key
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT q.table_schema, q.table_name, q.key_values, q.version_at::text, q.changed_at::text, q.version_node::text
FROM ponte.quarantine q, LATERAL jsonb_populate_record(NULL::{changelog}, jsonb_build_object({named})) w
WHERE q.link = {link} AND q.table_schema = {schema_name} AND q.table_name = {table_name} AND q.kind = 'outside' AND q.next_try_at <= clock_timestamp()
  AND NOT EXISTS (SELECT FROM {table} t WHERE {matches} AND NOT {inside})
ORDER BY q.next_try_at
LIMIT {limit}
