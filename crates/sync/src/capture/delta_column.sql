-- purpose: room in the changelog for the amounts by which columns changed that are added up
-- reads:   nothing
-- writes:  the catalog entry of the changelog
-- locks:   ACCESS EXCLUSIVE on the changelog, for no longer than it takes to change the catalog
ALTER TABLE {changelog} ADD COLUMN IF NOT EXISTS delta numeric[];
COMMENT ON COLUMN {changelog}.delta IS 'By how much an update changed the columns that are added up, by their numbers in pg_attribute; NULL where nobody can tell.';
