-- purpose: delete the rows that are gone at the source, as if nobody else wrote here; a check of that follows
-- reads:   the stage
-- writes:  the table
-- locks:   ROW EXCLUSIVE on the table
DELETE FROM {table} t USING {stage} s
WHERE {free}NOT s.present AND {matches}{and_inside}
