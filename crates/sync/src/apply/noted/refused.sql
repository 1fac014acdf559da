-- purpose: note the rows that are about to be set aside, with what would have been done to them and why it was not
-- reads:   the stage, the table
-- writes:  our notes
-- locks:   ROW EXCLUSIVE on our temporary table
INSERT INTO {noted} ({keys}, operation, version_at, sqlstate, error)
SELECT {staged_keys}, CASE WHEN NOT s.present THEN 'DELETE' WHEN t.ctid IS NULL THEN 'INSERT' ELSE 'UPDATE' END, s.version_at, {sqlstate}, {message}
FROM {stage} s LEFT JOIN {table} t ON {matches}
WHERE s.refused IS NOT NULL
