-- purpose: bring the rows that differ to the source's content, unless they changed since they were pinned
-- reads:   {plan}, {stage}
-- writes:  {table}
-- locks:   ROW EXCLUSIVE on {table}
UPDATE {table} t SET {assignments}
FROM {plan} p JOIN {stage} s ON s.ctid = p.staged
WHERE p.present AND p.seen IS NOT NULL AND {matches} AND t.xmin = p.seen
