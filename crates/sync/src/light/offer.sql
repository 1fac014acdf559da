-- purpose: tells the source of a light batch what is on offer, on the disk, and what has arrived before, never backwards
-- reads:   ponte.outgoing
-- writes:  ponte.outgoing
-- locks:   the link's row there; that nobody applies a batch of the link, for as long as the statement lasts
UPDATE ponte.outgoing o SET offered = $2::text::pg_snapshot, updated_at = clock_timestamp(),
  consumed = CASE WHEN (pg_snapshot_xmax(o.consumed), pg_snapshot_xmin(o.consumed)) <= (pg_snapshot_xmax($3::text::pg_snapshot), pg_snapshot_xmin($3::text::pg_snapshot))
                  THEN $3::text::pg_snapshot ELSE o.consumed END
WHERE link = $1
RETURNING pg_try_advisory_xact_lock(1886350965, hashtext($1)),
  CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', true) END
