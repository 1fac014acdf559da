-- purpose: bring back a row from its recorded image, as an ordinary change; $1 the image as JSON
-- reads:   the row type of the table, whose input functions read the values
-- writes:  the table; capture notes it
-- locks:   ROW EXCLUSIVE on the table
INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE
SELECT {values} FROM json_populate_record(NULL::{table}, $1::text::json) r
