-- purpose: note the rows of the quarantine that fit now although nothing had to be written
-- reads:   ponte.quarantine, the stage, our notes
-- writes:  our notes
-- locks:   ROW EXCLUSIVE on our temporary table
INSERT INTO {noted} ({keys}, operation)
SELECT {staged_keys}, 'NONE' FROM {stage} s
JOIN ponte.quarantine q ON q.link = {link} AND q.table_schema = {schema_name} AND q.table_name = {table_name}
  AND q.key_values = ARRAY[{key_texts}]::text[] AND q.trying = pg_current_xact_id()
WHERE NOT EXISTS (SELECT FROM {noted} n WHERE {same_key})
