-- purpose: take one chunk of a first contact for this transaction, unless it is done; whoever comes second waits here
-- reads:   ponte.copy_chunk
-- writes:  ponte.copy_chunk: the transaction in which capture stays silent
-- locks:   the row
UPDATE ponte.copy_chunk SET applying = pg_current_xact_id()
WHERE link = $1 AND table_schema = $2 AND table_name = $3 AND chunk = $4 AND copied_at IS NULL
RETURNING chunk
