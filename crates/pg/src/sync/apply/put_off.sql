-- purpose: make rows of the quarantine wait longer that were to be tried with this batch and did not come with it
-- reads:   nothing else; $4 holds their keys, an array of arrays
-- writes:  ponte.quarantine
-- locks:   ROW EXCLUSIVE on it
UPDATE ponte.quarantine q
SET attempts = q.attempts + 1, next_try_at = clock_timestamp() + least(interval '10 minutes', interval '5 seconds' * 2 ^ least(q.attempts, 10))
WHERE q.link = $1 AND q.table_schema = $2 AND q.table_name = $3 AND q.trying IS DISTINCT FROM pg_current_xact_id()
  AND to_jsonb(q.key_values) IN (SELECT e.key FROM jsonb_array_elements($4::jsonb) e(key))
