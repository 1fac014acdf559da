-- purpose: what the row of an open conflict is on this node now; $1 the key's columns, $2 its values as text, $3 the conflict
-- reads:   the table, the row type of the table
-- writes:  ponte.conflict
-- locks:   FOR UPDATE on the row
UPDATE ponte.conflict c SET here_image = (
  SELECT ARRAY[{texts}]::text[]
  FROM jsonb_populate_record(NULL::{table}, jsonb_object($1::text[], $2::text[])) r JOIN {table} t ON {matches}
  FOR UPDATE OF t)
WHERE c.id = $3
