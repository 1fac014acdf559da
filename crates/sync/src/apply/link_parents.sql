-- purpose: give a row and the row that it references one number, where only a deferred check lets either come first
-- reads:   the stages of both tables
-- writes:  the stage of the referencing table
-- locks:   ROW EXCLUSIVE on our temporary table
UPDATE {stage} s SET turn = r.turn FROM {parent_stage} r WHERE s.turn IS NOT NULL AND r.turn IS NOT NULL AND s.present AND r.present AND {references}
