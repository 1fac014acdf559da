-- Purpose: takes rows from the stage that satisfy every CHECK, and leaves those that the table or one of its triggers refuses.
-- Reads:   the stage.
-- Writes:  the table that is filled; pg_temp.ponte_seed_verdict, a row for each that was taken.
-- Locks:   ROW EXCLUSIVE on it.
DECLARE
  ponte_at tid;
  ponte_written pg_catalog.int8;
  ponte_total pg_catalog.int8 := 0;
BEGIN
  DROP TABLE IF EXISTS pg_temp.ponte_seed_verdict;
  CREATE TEMPORARY TABLE ponte_seed_verdict (number pg_catalog.int8) ON COMMIT DROP;
  FOR ponte_at IN SELECT ctid FROM pg_temp.ponte_seed_stage ORDER BY ponte_seed_number LOOP
    EXIT WHEN ponte_total >= {most};
    BEGIN
      INSERT INTO {table} ({columns})
      SELECT {columns} FROM pg_temp.ponte_seed_stage WHERE ctid = ponte_at AND ({judgement})
      ON CONFLICT DO NOTHING;
      GET DIAGNOSTICS ponte_written = ROW_COUNT;
      ponte_total := ponte_total + ponte_written;
      INSERT INTO pg_temp.ponte_seed_verdict SELECT 1 WHERE ponte_written > 0;
    EXCEPTION WHEN OTHERS THEN NULL; -- it is left
    END;
  END LOOP;
END
