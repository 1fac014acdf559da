-- purpose: bring the rows that the source has updated to its content, as if nobody else wrote here; a check of that follows
-- reads:   the stage
-- writes:  the table
-- locks:   ROW EXCLUSIVE on the table
UPDATE {table} t SET {assignments}
FROM {stage} s
WHERE {free}s.present AND NOT s.inserted AND {matches} AND {differs}
