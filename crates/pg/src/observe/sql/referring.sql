-- purpose: the tables that foreign keys of a name are on
-- reads:   pg_constraint
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT k.conrelid FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' AND k.conname::text = $1
