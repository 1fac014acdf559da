-- purpose: the newest conflicts of a link that were found on this node
-- reads:   ponte.conflict
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT id, kind, winner, key_values, columns, here, here_image, there, there_image,
       quote_ident(table_schema) || '.' || quote_ident(table_name) AS name,
       to_char(here_version_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS here_version_at,
       to_char(there_version_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS there_version_at,
       to_char(found_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS found_at
FROM ponte.conflict
WHERE link = $1
ORDER BY id DESC
LIMIT $2
