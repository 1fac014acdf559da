-- purpose: add the rows that the source has inserted, as if nobody else wrote here; a check of that follows
-- reads:   the stage
-- writes:  the table
-- locks:   ROW EXCLUSIVE on the table
INSERT INTO {table} AS t ({columns}){overriding}
SELECT {staged} FROM {stage} s
WHERE {free}s.present AND s.inserted{unless_there}
