-- purpose: bring the open conflicts up to date whose rows were changed here since a snapshot that the other side has consumed
-- reads:   ponte.parked, the changelog, the table
-- writes:  ponte.conflict: this node's row and its version
-- locks:   FOR UPDATE on the parked keys, as above
WITH parked AS MATERIALIZED (
  {parked}
    FOR UPDATE OF p
), local AS (
  SELECT DISTINCT ON ({keys}) {keys}, l.version_at, l.changed_at
  FROM {changelog} l
  WHERE l.xid BETWEEN '{xmin}'::xid8 AND '18446744073709551615'::xid8 AND NOT pg_visible_in_snapshot(l.xid, {since})
  ORDER BY {keys}, l.seq DESC
)
UPDATE ponte.conflict c
SET here_image = CASE WHEN t.ctid IS NOT NULL THEN ARRAY[{here_texts}]::text[] END, here_version_at = l.version_at, here_changed_at = l.changed_at
FROM parked k JOIN local l ON {same_key} LEFT JOIN {table} t ON {matches}
WHERE c.id = k.conflict
