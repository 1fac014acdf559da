-- purpose: how new each of the keys in $1 is on this node: by its version column, else by the last note about it, also of a delete
-- reads:   the table, the changelog
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT u.n, extract(epoch FROM coalesce({version}, g.version_at))::float8
FROM unnest($1::text[]) WITH ORDINALITY u(key, n),
  LATERAL jsonb_populate_record(NULL::{changelog}, jsonb_build_object({named})) w
  LEFT JOIN {table} t ON {matches}
  LEFT JOIN LATERAL (SELECT l.version_at FROM {changelog} l WHERE {same_key} ORDER BY l.seq DESC LIMIT 1) g ON true
