-- purpose: log what was just written, with the version it came with, for the other links of this node
-- reads:   the keys that were written, the stage
-- writes:  the changelog
-- locks:   ROW EXCLUSIVE on the changelog
INSERT INTO {log} ({keys}, op, version_at, changed_at, version_node, via{changed})
SELECT {staged_keys}, CASE WHEN NOT s.present THEN 'D' WHEN s.inserted THEN 'I' ELSE 'U' END::"char", s.version_at, s.changed_at, s.node, {link}{mask}
FROM {written} w JOIN {stage} s ON {same_key}
