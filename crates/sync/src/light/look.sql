-- purpose: whether a light batch met anything unusual at its target, once its rows are written; $1 the link, $2 what the source had consumed
-- reads:   our bookkeeping, the changelogs of the link
-- writes:  nothing
-- locks:   none
SELECT s.paused OR NOT s.ready
       OR {captured}
       OR EXISTS (SELECT FROM ponte.quarantine q WHERE q.link = $1)
       OR EXISTS (SELECT FROM ponte.parked k WHERE k.link = $1)
       OR cardinality({shared}) > 0,
       ARRAY[{local}]::boolean[]
FROM ponte.link s
WHERE link = $1
