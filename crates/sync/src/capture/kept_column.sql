-- purpose: room in the changelog for whether a deleted row was outside the filter
-- reads:   nothing
-- writes:  the catalog entry of the changelog
-- locks:   ACCESS EXCLUSIVE on the changelog, for no longer than it takes to change the catalog
ALTER TABLE {changelog} ADD COLUMN IF NOT EXISTS outside boolean;
COMMENT ON COLUMN {changelog}.outside IS 'Of a delete: whether the row was outside the filter then, so that the other side keeps its own.';
