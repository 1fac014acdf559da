-- purpose: count what a batch did, and look once more which tables other links carry on
-- reads:   ponte.link_table
-- writes:  ponte.progress
-- locks:   the row, which the fence holds already
UPDATE ponte.progress SET upserts = upserts + $2, deletes = deletes + $3, conflicts = conflicts + $4
WHERE link = $1
RETURNING {shared}
