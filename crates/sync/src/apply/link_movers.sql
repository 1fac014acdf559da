-- purpose: give a row the number of the row that it references until now and that is about to go: what takes its place may need both to move
-- reads:   both stages, both tables
-- writes:  the stage of the referencing table
-- locks:   ROW EXCLUSIVE on our temporary table
UPDATE {stage} s SET turn = g.turn
FROM {table} t, {parent_stage} g, {parent} r
WHERE s.present AND s.turn IS NOT NULL AND {matches} AND {references} AND {parent_matches} AND NOT g.present AND g.turn IS NOT NULL
