-- purpose: what arrived for a key in the quarantine brings the refused change of that key along, so its mask is part of it
-- reads:   ponte.quarantine
-- writes:  the stage
-- locks:   ROW EXCLUSIVE on our temporary table
UPDATE {stage} s SET changed = CASE WHEN q.columns = ARRAY[{column_names}]::text[] AND length(q.changed) = length(s.changed) THEN s.changed | q.changed END
FROM ponte.quarantine q
WHERE q.link = {link} AND q.table_schema = {schema_name} AND q.table_name = {table_name} AND q.key_values = ARRAY[{key_texts}]::text[]
