-- purpose: give back the space of a part whose entries have arrived everywhere; what the quarantine still needs moves into the part that is filled
-- reads:   ponte.quarantine, the part
-- writes:  the part, the part that is filled, ponte.changelog_part
-- locks:   ACCESS EXCLUSIVE on the part, which the caller holds
INSERT INTO {filled} SELECT l.* FROM ONLY {part} l
WHERE EXISTS (
  SELECT FROM ponte.quarantine q JOIN {entries} e ON q.key_values = ARRAY[{key_texts}]::text[] AND (e.xid, e.seq) = (l.xid, l.seq)
  WHERE q.table_schema = {schema_name} AND q.table_name = {table_name}
    AND l.xid >= pg_snapshot_xmin(q.seen) AND NOT pg_visible_in_snapshot(l.xid, q.seen));
UPDATE ponte.changelog_part p SET emptied_at = clock_timestamp(), emptied_to = greatest(p.emptied_to, (SELECT l.xid FROM ONLY {part} l ORDER BY l.xid DESC LIMIT 1))
WHERE p.table_schema = {schema_name} AND p.table_name = {table_name} AND p.part = {number};
TRUNCATE ONLY {part};
