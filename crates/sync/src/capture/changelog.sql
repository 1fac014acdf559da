-- purpose: the append-only record of which keys of the table changed, and the view that people read
-- reads:   the catalog entry of the table
-- writes:  creates the changelog and the view
-- locks:   ACCESS SHARE on the table
CREATE TABLE {changelog} AS SELECT {keys_as_staged} FROM {table} t WITH NO DATA;
ALTER TABLE {changelog}
  ADD COLUMN seq bigint GENERATED ALWAYS AS IDENTITY (CACHE 1),
  ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  ADD COLUMN version_at timestamptz NOT NULL,
  ADD COLUMN changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ADD COLUMN op "char" NOT NULL,
  ADD COLUMN version_node uuid,
  ADD COLUMN via text,
  ADD PRIMARY KEY (xid, seq);
COMMENT ON TABLE {changelog} IS {comment};
-- Two branches with a constant each: the planner drops one of them for WHERE synced = false, and the other is an index range.
CREATE VIEW {view} AS
  SELECT l.seq, {keys_as_named}, CASE l.op WHEN 'I' THEN 'INSERT' WHEN 'U' THEN 'UPDATE' ELSE 'DELETE' END AS operation,
         l.version_at, l.changed_at, false AS synced
  FROM {changelog} l
  WHERE l.xid >= (SELECT pg_snapshot_xmin(o.consumed) FROM ponte.outgoing o WHERE o.link = {link})
    AND NOT pg_visible_in_snapshot(l.xid, (SELECT o.consumed FROM ponte.outgoing o WHERE o.link = {link}))
  UNION ALL
  SELECT l.seq, {keys_as_named}, CASE l.op WHEN 'I' THEN 'INSERT' WHEN 'U' THEN 'UPDATE' ELSE 'DELETE' END,
         l.version_at, l.changed_at, true
  FROM {changelog} l
  WHERE pg_visible_in_snapshot(l.xid, (SELECT o.consumed FROM ponte.outgoing o WHERE o.link = {link}));
COMMENT ON VIEW {view} IS {view_comment};
