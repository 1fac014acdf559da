-- purpose: add the rows that the source has inserted, as if nobody else wrote here; a check of that follows
-- reads:   {stage}
-- writes:  {table}
-- locks:   ROW EXCLUSIVE on {table}
INSERT INTO {table} ({columns}){overriding}
SELECT {staged} FROM {stage} s
WHERE s.present AND s.inserted
ON CONFLICT ({key}) DO NOTHING
