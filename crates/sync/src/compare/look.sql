-- purpose: the rows with the keys in $1, column by column as hashes; a NULL has none
-- reads:   the table, through its key
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT u.n, {hashes}
FROM unnest($1::text[]) WITH ORDINALITY u(key, n),
  LATERAL jsonb_populate_record(NULL::{changelog}, jsonb_build_object({named})) w
  JOIN {table} t ON {matches}{and_inside}
