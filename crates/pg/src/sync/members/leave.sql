-- purpose: forget a table of a link with everything that waits for it; answers its key columns
-- reads:   nothing
-- writes:  ponte.parked, ponte.quarantine, ponte.approval, ponte.copy_chunk, ponte.link_table
-- locks:   ROW EXCLUSIVE on those
WITH parked AS (
  DELETE FROM ponte.parked WHERE link = $1 AND table_schema = $2 AND table_name = $3
), refused AS (
  DELETE FROM ponte.quarantine WHERE link = $1 AND table_schema = $2 AND table_name = $3
), approved AS (
  DELETE FROM ponte.approval WHERE link = $1 AND table_schema = $2 AND table_name = $3
), chunks AS (
  DELETE FROM ponte.copy_chunk WHERE link = $1 AND table_schema = $2 AND table_name = $3
)
DELETE FROM ponte.link_table WHERE link = $1 AND table_schema = $2 AND table_name = $3 RETURNING key_columns
