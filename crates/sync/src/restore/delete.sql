-- purpose: delete a row whose recorded image says that it was deleted, as an ordinary change; $1 the key's columns, $2 its values as text
-- reads:   the row type of the table, whose input functions read the values
-- writes:  the table; capture notes it
-- locks:   ROW EXCLUSIVE on the table
DELETE FROM {table} t
USING jsonb_populate_record(NULL::{table}, jsonb_object($1::text[], $2::text[])) r
WHERE {matches}
