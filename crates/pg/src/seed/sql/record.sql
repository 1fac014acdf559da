-- Purpose: records that a seed file was applied, in the transaction that applied it.
-- Reads:   nothing.
-- Writes:  ponte.seed_file.
-- Locks:   ROW EXCLUSIVE on it.
INSERT INTO ponte.seed_file (file, checksum, release) VALUES ({file}, {checksum}, {release})
ON CONFLICT (file) DO UPDATE SET checksum = excluded.checksum, release = excluded.release,
  applied_at = excluded.applied_at, applied_by = excluded.applied_by
