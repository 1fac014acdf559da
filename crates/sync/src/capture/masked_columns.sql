-- purpose: room in the changelog for which columns changed
-- reads:   nothing
-- writes:  the catalog entry of the changelog
-- locks:   ACCESS EXCLUSIVE on the changelog, for no longer than it takes to change the catalog
ALTER TABLE {changelog} ADD COLUMN IF NOT EXISTS changed varbit;
COMMENT ON COLUMN {changelog}.changed IS 'Which columns an update changed, a bit each by their numbers in pg_attribute; NULL where any of them may have.';
