-- purpose: delete the rows that are gone at the source, unless they changed since they were pinned; further conditions may follow
-- reads:   {plan}
-- writes:  {table}
-- locks:   ROW EXCLUSIVE on {table}
DELETE FROM {table} t USING {plan} p
WHERE NOT p.present AND {matches} AND t.xmin = p.seen
