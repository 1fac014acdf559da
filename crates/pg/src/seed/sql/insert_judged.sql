-- Purpose: takes rows from the stage that satisfy every CHECK and repeat nothing that is there.
-- Reads:   the stage.
-- Writes:  the table that is filled.
-- Locks:   ROW EXCLUSIVE on it.
WITH chosen AS MATERIALIZED (
  SELECT * FROM pg_temp.ponte_seed_stage WHERE {judgement} ORDER BY ponte_seed_number OFFSET {from} LIMIT {most}
), written AS (
  INSERT INTO {table} ({columns})
  SELECT {columns} FROM chosen ORDER BY ponte_seed_number
  ON CONFLICT DO NOTHING
  RETURNING 1
)
SELECT (SELECT count(*) FROM chosen), (SELECT count(*) FROM written)
