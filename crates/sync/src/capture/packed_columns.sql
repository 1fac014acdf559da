-- purpose: room in the changelog for the keys of a statement in arrays, with a version for each
-- reads:   pg_catalog
-- writes:  the catalog entry of the changelog
-- locks:   ACCESS EXCLUSIVE on the changelog, for no longer than it takes to change the catalog
DO $ponte$
DECLARE
  noted record;
BEGIN
  FOR noted IN
    SELECT a.attname || 's' AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attcollation::regcollation AS collation
    FROM pg_attribute a
    WHERE a.attrelid = to_regclass({changelog}) AND a.attname ~ '^(k[0-9]+|version_at)$' AND NOT a.attisdropped
    ORDER BY a.attnum
  LOOP
    EXECUTE format('ALTER TABLE %s ADD COLUMN IF NOT EXISTS %I %s[]', {changelog}, noted.name, noted.type)
      || CASE WHEN noted.collation <> 0 THEN ' COLLATE ' || noted.collation ELSE '' END;
  END LOOP;
END $ponte$;
