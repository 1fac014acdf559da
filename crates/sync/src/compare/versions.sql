-- purpose: how new each of the keys in $1 is on this node: by its version column, else by the last note about it, also of a delete
-- reads:   the table, the changelog once
-- writes:  nothing
-- locks:   ACCESS SHARE
WITH w AS MATERIALIZED (
  SELECT u.n, w.* FROM unnest($1::text[]) WITH ORDINALITY u(key, n),
    LATERAL jsonb_populate_record(NULL::{changelog}, jsonb_build_object({named})) w
), g AS MATERIALIZED (
  SELECT DISTINCT ON ({log_keys}) {log_keys}, l.version_at
  FROM w JOIN {entries} l ON {same_key}
  ORDER BY {log_keys}, l.seq DESC
)
SELECT w.n, extract(epoch FROM coalesce({version}, g.version_at))::float8
FROM w LEFT JOIN {table} t ON {matches} LEFT JOIN g ON {noted}
