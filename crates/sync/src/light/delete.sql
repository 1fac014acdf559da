-- purpose: deletes one row whose key is given as parameters
-- reads:   nothing
-- writes:  the user's table
-- locks:   the row
DELETE FROM {table} t USING (SELECT {row}) s
WHERE {matches}
