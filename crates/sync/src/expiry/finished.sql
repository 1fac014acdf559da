-- purpose: forget the chunks of a first contact that is complete on both sides, and the TRUNCATEs that all links have carried
-- reads:   ponte.outgoing
-- writes:  ponte.copy_chunk, ponte.truncation
-- locks:   the rows
DELETE FROM ponte.copy_chunk WHERE link = {link} AND copied_at IS NOT NULL;
DELETE FROM ponte.truncation d WHERE d.xid < (SELECT pg_snapshot_xmin(o.consumed) FROM ponte.outgoing o ORDER BY 1 LIMIT 1);
