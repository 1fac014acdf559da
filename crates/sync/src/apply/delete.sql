-- purpose: delete the rows that are gone at the source, unless they changed since they were pinned; further conditions may follow
-- reads:   the plan
-- writes:  the table
-- locks:   ROW EXCLUSIVE on the table
DELETE FROM {table} t USING {plan} p
WHERE NOT p.present AND {matches} AND t.xmin = p.seen
