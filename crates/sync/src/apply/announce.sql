-- purpose: at the first contact, mark the rows of a range that only this node has as changes, so that they travel the other way; over other links they did long ago
-- reads:   the stage, the table, ponte.outgoing, ponte.link_table, the changelog: what was written since capture began is marked already, with its version
-- writes:  the changelog
-- locks:   ROW EXCLUSIVE on the changelog
INSERT INTO {log} ({keys}, op, version_at, changed_at, only_link)
SELECT {row_keys}, 'I'::"char", coalesce({version}, '-infinity'), '-infinity', {link}
FROM {table} t
WHERE {range} AND NOT EXISTS (SELECT FROM {stage} s WHERE {matches}){and_inside}
  AND NOT EXISTS (
    SELECT FROM {changelog} l JOIN ponte.outgoing o ON o.link = {link}
    WHERE {logged} AND l.via IS DISTINCT FROM o.link AND NOT pg_visible_in_snapshot(l.xid, coalesce((
      SELECT m.installed_snapshot FROM ponte.link_table m
      WHERE m.link = o.link AND m.table_schema = {schema_name} AND m.table_name = {table_name}), o.consumed)))
