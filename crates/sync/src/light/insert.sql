-- purpose: writes one new row, given as parameters, where there is none
-- reads:   nothing
-- writes:  the user's table
-- locks:   the row
INSERT INTO {table} AS t ({columns}){overriding}
SELECT {staged} FROM (SELECT {row}) s
ON CONFLICT ({key}) DO NOTHING
