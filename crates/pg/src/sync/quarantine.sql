-- purpose: the rows that this node refuses over a link, the newest first
-- reads:   ponte.quarantine
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT q.id, l.peer, q.kind, q.sqlstate, q.constraint_name, q.message, q.key_values, q.columns, q.image, q.attempts::bigint,
       quote_ident(q.table_schema) || '.' || quote_ident(q.table_name) AS name,
       to_char(q.version_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS version_at,
       to_char(q.first_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS first_at,
       to_char(q.next_try_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS next_try_at
FROM ponte.quarantine q JOIN ponte.link l USING (link)
WHERE q.link = $1
ORDER BY q.id DESC
