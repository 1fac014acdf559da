-- purpose: update, then insert, in one statement, whose references are checked at its end
-- reads:   as the two statements do
-- writes:  as the two statements do
-- locks:   as the two statements do
WITH updated AS (
{update}RETURNING 1), added AS (
{insert}RETURNING 1)
SELECT (SELECT count(*) FROM updated) + (SELECT count(*) FROM added)
