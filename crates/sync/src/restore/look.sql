-- purpose: what the row of an open conflict is on this node now; $1 the key as JSON, $2 the conflict
-- reads:   the table, the row type of the table
-- writes:  ponte.conflict
-- locks:   FOR UPDATE on the row
UPDATE ponte.conflict c SET here_image = (
  SELECT ARRAY[{texts}]::text[]
  FROM json_populate_record(NULL::{table}, $1::text::json) r JOIN {table} t ON {matches}
  FOR UPDATE OF t)
WHERE c.id = $2
