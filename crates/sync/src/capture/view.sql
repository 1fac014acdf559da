-- purpose: the changes of the table as people read them; synced once the other sides of all links that carry it have them
-- reads:   the catalog entries of the changelog and of ponte.outgoing
-- writes:  creates or replaces the view
-- locks:   ACCESS EXCLUSIVE on the view
-- Two branches with a constant each: the planner drops one of them for WHERE synced = false, and the other is an index range.
CREATE OR REPLACE VIEW {view} AS
  SELECT l.seq, {keys_as_named}, CASE l.op WHEN 'I' THEN 'INSERT' WHEN 'U' THEN 'UPDATE' ELSE 'DELETE' END AS operation,
         l.version_at, l.changed_at, false AS synced
  FROM {changelog} l
  WHERE l.xid BETWEEN {oldest} AND '18446744073709551615'::xid8
    AND ({awaited})
  UNION ALL
  SELECT l.seq, {keys_as_named}, CASE l.op WHEN 'I' THEN 'INSERT' WHEN 'U' THEN 'UPDATE' ELSE 'DELETE' END,
         l.version_at, l.changed_at, true
  FROM {changelog} l
  WHERE l.xid < {oldest} OR NOT ({awaited});
COMMENT ON VIEW {view} IS {comment};
