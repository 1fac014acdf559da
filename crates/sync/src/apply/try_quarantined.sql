-- purpose: note which rows of the quarantine are tried with this batch
-- reads:   the stage
-- writes:  ponte.quarantine
-- locks:   the rows
UPDATE ponte.quarantine q SET trying = pg_current_xact_id() FROM {stage} s
WHERE q.link = {link} AND q.table_schema = {schema_name} AND q.table_name = {table_name} AND q.key_values = ARRAY[{key_texts}]::text[]
