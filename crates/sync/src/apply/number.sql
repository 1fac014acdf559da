-- purpose: number the rows that are to be written, so that parts of the batch can be tried
-- reads:   the plan
-- writes:  the stage
-- locks:   ROW EXCLUSIVE on our temporary table
UPDATE {stage} s SET turn = n.turn
FROM (SELECT p.staged, {above} + row_number() OVER (ORDER BY {plan_keys}) AS turn FROM {plan} p WHERE p.present = {present}) n
WHERE s.ctid = n.staged
