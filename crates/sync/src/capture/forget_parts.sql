-- purpose: forget the parts of a changelog that was dropped, where the bookkeeping knows of parts at all
-- reads:   pg_catalog
-- writes:  ponte.changelog_part, ponte.future_version
-- locks:   ROW EXCLUSIVE on it
DO $ponte$
BEGIN
  IF to_regclass('ponte.changelog_part') IS NOT NULL THEN
    DELETE FROM ponte.changelog_part WHERE table_schema = {schema_name} AND table_name = {table_name};
    DELETE FROM ponte.future_version WHERE table_schema = {schema_name} AND table_name = {table_name};
  END IF;
END $ponte$;
