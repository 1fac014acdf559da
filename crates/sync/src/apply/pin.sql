-- purpose: compare the staged rows with the target's and remember, for each that differs, the very row version it was compared with
-- reads:   the stage, the table
-- writes:  the plan
-- locks:   ROW EXCLUSIVE on our temporary table
INSERT INTO {plan} (staged, seen, present, {keys})
SELECT s.ctid, t.xmin, s.present, {staged_keys}
FROM {stage} s LEFT JOIN {table} t ON {matches}
WHERE CASE WHEN t.ctid IS NULL THEN s.present WHEN s.present THEN {differs} ELSE {inside} END
