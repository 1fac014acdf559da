-- purpose: number the rows of a unit one by one
-- reads:   the stage
-- writes:  the stage
-- locks:   ROW EXCLUSIVE on our temporary table
UPDATE {stage} s SET turn = n.turn
FROM (SELECT g.ctid AS staged, {above} + row_number() OVER (ORDER BY g.present, {stage_keys}) AS turn FROM {stage} g WHERE g.turn = {unit}) n
WHERE s.ctid = n.staged
