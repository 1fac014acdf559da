-- purpose: bring the rows that differ to the source's content, unless they changed since they were pinned
-- reads:   the plan, the stage
-- writes:  the table
-- locks:   ROW EXCLUSIVE on the table
UPDATE {table} t SET {assignments}
FROM {plan} p JOIN {stage} s ON s.ctid = p.staged
WHERE p.present AND p.seen IS NOT NULL AND {matches} AND t.xmin = p.seen
