-- purpose: tells the source of a light batch what is on offer, on the disk, and what has arrived before, never backwards
-- reads:   ponte.outgoing, ponte.progress
-- writes:  ponte.outgoing
-- locks:   the link's row there
UPDATE ponte.outgoing o SET offered = $2::text::pg_snapshot, updated_at = clock_timestamp(),
  consumed = CASE WHEN (pg_snapshot_xmax(o.consumed), pg_snapshot_xmin(o.consumed)) <= (pg_snapshot_xmax($3::text::pg_snapshot), pg_snapshot_xmin($3::text::pg_snapshot))
                  THEN $3::text::pg_snapshot ELSE o.consumed END
WHERE link = $1
RETURNING (SELECT p.consumed::text = $4 FROM ponte.progress p WHERE p.link = o.link),
  CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', true) END
