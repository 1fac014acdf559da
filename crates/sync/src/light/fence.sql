-- purpose: the fence of a light batch, and what its transaction needs: capture keeps quiet, plans go through indexes, the commit is durable
-- reads:   ponte.progress
-- writes:  ponte.progress
-- locks:   the link's row of progress; that a batch of the link is being applied
UPDATE ponte.progress SET consumed = $3::text::pg_snapshot, applying = pg_current_xact_id(), updated_at = clock_timestamp(),
  batches = batches + 1, upserts = upserts + $4, deletes = deletes + $5
WHERE link = $1 AND consumed::text = $2
RETURNING set_config('ponte.applying', $1, true), pg_advisory_xact_lock_shared(1886350965, hashtext($1)),
  set_config('enable_seqscan', 'off', true),
  CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', true) END
