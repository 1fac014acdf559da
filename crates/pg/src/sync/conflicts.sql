-- purpose: the newest conflicts of a link that were found on this node
-- reads:   ponte.conflict, ponte.parked
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT c.id, c.kind, c.winner, c.key_values, c.columns, c.here, c.here_image, c.there, c.there_image, c.kept,
       -- A database that an earlier release wrote last does not have it.
       CASE WHEN to_jsonb(c) ->> 'taken' IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(to_jsonb(c) -> 'taken')) END AS taken,
       p.conflict IS NOT NULL AS parked,
       quote_ident(c.table_schema) || '.' || quote_ident(c.table_name) AS name,
       to_char(c.here_version_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS here_version_at,
       to_char(c.there_version_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS there_version_at,
       to_char(c.found_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS found_at,
       to_char(c.resolved_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS resolved_at
FROM ponte.conflict c LEFT JOIN ponte.parked p ON p.conflict = c.id
WHERE c.link = $1 AND ($3::bigint IS NULL OR c.id = $3)
ORDER BY c.id DESC
LIMIT $2
