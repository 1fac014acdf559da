-- purpose: take the link's progress row for this transaction, if nobody else moved it since the batch was read
-- reads:   ponte.progress, ponte.link_table, ponte.parked
-- writes:  ponte.progress: the new consumed snapshot, and the transaction in which capture stays silent
-- locks:   the row
UPDATE ponte.progress SET consumed = $3::text::pg_snapshot, applying = pg_current_xact_id(), updated_at = clock_timestamp(), batches = batches + 1
WHERE link = $1 AND consumed::text = $2
RETURNING {shared}, EXISTS (SELECT FROM ponte.parked k WHERE k.link = $1)
