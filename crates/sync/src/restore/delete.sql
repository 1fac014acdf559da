-- purpose: delete a row whose recorded image says that it was deleted, as an ordinary change; $1 the key as JSON
-- reads:   the row type of the table, whose input functions read the values
-- writes:  the table; capture notes it
-- locks:   ROW EXCLUSIVE on the table
DELETE FROM {table} t
USING json_populate_record(NULL::{table}, $1::text::json) r
WHERE {matches}
