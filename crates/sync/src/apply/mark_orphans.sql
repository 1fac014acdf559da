-- purpose: mark the staged rows that reference a row which is neither here nor arriving
-- reads:   the stages of both tables, the referenced table
-- writes:  the stage
-- locks:   ACCESS SHARE on the referenced table
UPDATE {stage} s SET refused = ARRAY[{constraint}]
WHERE s.present AND {not_null} AND NOT EXISTS (SELECT FROM {parent} r WHERE {references}) AND {not_arriving}
