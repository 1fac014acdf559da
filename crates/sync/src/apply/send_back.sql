-- purpose: send what arrived back once, so that the columns follow which the source makes of our rows; what was ours in the first place stays
-- reads:   the stage
-- writes:  the changelog
-- locks:   ROW EXCLUSIVE on the changelog
INSERT INTO {log} ({keys}, op, version_at, changed_at, version_node, only_link)
SELECT {keys}, 'U'::"char", s.version_at, s.changed_at, s.node, {link}
FROM {stage} s WHERE s.present AND s.node <> {here_id}::uuid
