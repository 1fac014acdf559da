-- purpose: how the source of a light batch stands, in one snapshot; $1 the link, $2 what the other side holds of it
-- reads:   our bookkeeping, the changelogs of the link
-- writes:  nothing
-- locks:   that nobody applies a batch of the link, for as long as the statement lasts
SELECT pg_current_snapshot()::text AS now, p.consumed::text AS seen, o.consumed::text AS known, o.offered::text AS offered,
       s.paused OR NOT s.ready
       OR EXISTS (SELECT FROM ponte.quarantine q WHERE q.link = $1)
       OR EXISTS (SELECT FROM ponte.parked k WHERE k.link = $1)
       OR EXISTS (SELECT FROM ponte.truncation d WHERE d.xid >= pg_snapshot_xmin($2::text::pg_snapshot) AND NOT pg_visible_in_snapshot(d.xid, $2::text::pg_snapshot))
       OR cardinality({shared}) > 0
       OR NOT pg_try_advisory_xact_lock(1886350965, hashtext($1)) AS unusual,
       {joined} AS joined,
       ARRAY[{pending}]::bigint[] AS pending
FROM ponte.link s JOIN ponte.progress p USING (link) JOIN ponte.outgoing o USING (link)
WHERE link = $1
