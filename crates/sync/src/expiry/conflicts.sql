-- purpose: forget conflicts of the link $1 that were decided more than $2 seconds ago, some at a time; those that wait for a person stay
-- reads:   ponte.conflict, ponte.parked
-- writes:  ponte.conflict
-- locks:   the rows
WITH old AS (
  SELECT c.id FROM ponte.conflict c
  WHERE c.link = $1 AND c.found_at < now() - make_interval(secs => $2) AND (c.winner IS NOT NULL OR c.resolved_at IS NOT NULL)
    AND coalesce(c.resolved_at, c.found_at) < now() - make_interval(secs => $2)
    AND NOT EXISTS (SELECT FROM ponte.parked k WHERE k.conflict = c.id)
  ORDER BY c.found_at LIMIT 1000
)
DELETE FROM ponte.conflict c USING old WHERE c.id = old.id
