-- purpose: which of the keys in $1 have changes that lie after the snapshot in $2, and so may be on their way
-- reads:   the changelog
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT DISTINCT u.n
FROM unnest($1::text[]) WITH ORDINALITY u(key, n),
  LATERAL jsonb_populate_record(NULL::{changelog}, jsonb_build_object({named})) w
  JOIN {entries} l ON {same_key}
WHERE l.xid BETWEEN pg_snapshot_xmin($2::text::pg_snapshot) AND '18446744073709551615'::xid8 AND NOT pg_visible_in_snapshot(l.xid, $2::text::pg_snapshot)
  AND l.via IS DISTINCT FROM {link}
