-- purpose: plan the staged rows that look like the target's own and were changed here too, where changes are added up
-- reads:   the stage, the table, the changelog
-- writes:  the plan
-- locks:   ROW EXCLUSIVE on our temporary table
WITH local AS (
  {local}
)
INSERT INTO {plan} (staged, seen, present, {keys})
SELECT s.ctid, t.xmin, s.present, {staged_keys}
FROM {stage} s JOIN local l ON {same_key} JOIN {table} t ON {matches}
WHERE s.present AND s.taken IS NULL AND NOT {differs} AND {inside} AND ({any_sum}){part}
