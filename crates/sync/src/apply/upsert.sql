-- purpose: update, then insert, in one statement, whose references are checked at its end
-- reads:   as the two statements do
-- writes:  as the two statements do; the changelog, where other links carry the table on
-- locks:   as the two statements do
WITH updated AS (
{update}RETURNING {returned}), added AS (
{insert}RETURNING {returned}){logged}
SELECT (SELECT count(*) FROM updated) + (SELECT count(*) FROM added)
