-- purpose: writes one changed row, given as parameters, where it differs
-- reads:   the user's table
-- writes:  the user's table
-- locks:   the row
UPDATE {table} t SET {assignments}
FROM (SELECT {row}) s
WHERE {matches} AND {differs}
