-- Purpose: finds the rows of the stage that satisfy every CHECK, when one of them makes an expression fail.
-- Reads:   the stage.
-- Writes:  pg_temp.ponte_seed_verdict, a row for each of them.
-- Locks:   none that matters.
DECLARE
  ponte_at tid;
BEGIN
  DROP TABLE IF EXISTS pg_temp.ponte_seed_verdict;
  CREATE TEMPORARY TABLE ponte_seed_verdict (number pg_catalog.int8) ON COMMIT DROP;
  FOR ponte_at IN SELECT ctid FROM pg_temp.ponte_seed_stage LOOP
    BEGIN
      INSERT INTO pg_temp.ponte_seed_verdict
      SELECT ponte_seed_number FROM pg_temp.ponte_seed_stage WHERE ctid = ponte_at AND ({judgement});
    EXCEPTION WHEN OTHERS THEN NULL; -- it is not true
    END;
  END LOOP;
END
