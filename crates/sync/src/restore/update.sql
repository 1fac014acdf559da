-- purpose: write a recorded image over the row that is there, as an ordinary change; $1 the image as JSON
-- reads:   the row type of the table, whose input functions read the values
-- writes:  the table; capture notes it
-- locks:   ROW EXCLUSIVE on the table
UPDATE {table} t SET {assignments}
FROM json_populate_record(NULL::{table}, $1::text::json) r
WHERE {matches}
