-- purpose: bring back a row from its recorded image, as an ordinary change; $1 names of columns, $2 their values as text
-- reads:   the row type of the table, whose input functions read the values
-- writes:  the table; capture notes it
-- locks:   ROW EXCLUSIVE on the table
INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE
SELECT {values} FROM jsonb_populate_record(NULL::{table}, jsonb_object($1::text[], $2::text[])) r
