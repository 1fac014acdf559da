-- purpose: bring the changelog of an older layout up to date
-- reads:   nothing
-- writes:  the catalog entry of the changelog
-- locks:   ACCESS EXCLUSIVE on the changelog, for no longer than it takes to change the catalog
ALTER TABLE {changelog} ADD COLUMN IF NOT EXISTS only_link text;
