-- purpose: forget the chunks of a first contact that is complete on both sides, and the TRUNCATEs that all links have carried
-- reads:   ponte.link_table, ponte.outgoing
-- writes:  ponte.copy_chunk, ponte.truncation
-- locks:   the rows
DELETE FROM ponte.copy_chunk c USING ponte.link_table t
WHERE c.link = {link} AND c.copied_at IS NOT NULL AND t.link = c.link AND t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.joined;
DELETE FROM ponte.truncation d WHERE d.xid < (SELECT pg_snapshot_xmin(o.consumed) FROM ponte.outgoing o ORDER BY 1 LIMIT 1);
