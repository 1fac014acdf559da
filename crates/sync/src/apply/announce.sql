-- purpose: at the first contact, mark the rows that only this node has as changes, so that they travel the other way
-- reads:   the stage, the table
-- writes:  the changelog
-- locks:   ROW EXCLUSIVE on the changelog
INSERT INTO {changelog} ({keys}, op, version_at, changed_at)
SELECT {row_keys}, 'I'::"char", coalesce({version}, '-infinity'), '-infinity'
FROM {table} t WHERE NOT EXISTS (SELECT FROM {stage} s WHERE {matches})
