-- purpose: add the rows that are missing here; a key that appeared since it was pinned is left for the next round
-- reads:   the plan, the stage
-- writes:  the table
-- locks:   ROW EXCLUSIVE on the table
INSERT INTO {table} AS t ({columns}){overriding}
SELECT {staged} FROM {plan} p JOIN {stage} s ON s.ctid = p.staged
WHERE p.present AND p.seen IS NULL{condition}
ON CONFLICT ({key}) DO NOTHING
