-- purpose: note everything again that was noted about a table since its capture began for a link: passes that did not carry it have gone past
-- reads:   the changelog, ponte.link_table
-- writes:  the changelog
-- locks:   ROW EXCLUSIVE on the changelog
INSERT INTO {log} ({keys}, op, version_at, changed_at, version_node, via, only_link{outside})
SELECT {log_keys}, l.op, l.version_at, l.changed_at, l.version_node, l.via, {link}{log_outside}
FROM {changelog} l
WHERE {travels} AND NOT pg_visible_in_snapshot(l.xid, (
  SELECT m.installed_snapshot FROM ponte.link_table m
  WHERE m.link = {link} AND m.table_schema = {schema_name} AND m.table_name = {table_name}))
ORDER BY l.xid, l.seq
