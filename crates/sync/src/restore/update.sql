-- purpose: write a recorded image over the row that is there, as an ordinary change; $1 names of columns, $2 their values as text
-- reads:   the row type of the table, whose input functions read the values
-- writes:  the table; capture notes it
-- locks:   ROW EXCLUSIVE on the table
UPDATE {table} t SET {assignments}
FROM jsonb_populate_record(NULL::{table}, jsonb_object($1::text[], $2::text[])) r
WHERE {matches}
