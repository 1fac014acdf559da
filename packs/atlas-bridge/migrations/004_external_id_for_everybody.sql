-- The users that were there before, some thousand at a time, each lot in a transaction of its own; then the index, and the promise that nobody is
-- without. Nothing here keeps the bot from reading or writing for longer than one lot takes. Interrupted, it goes on where it was.
-- ponte: no-transaction
-- ponte: irreversible the levels are what the volume has reached, and the old ones are gone

-- UP operations

-- The rows are written anyway, so their levels come to what the volume has reached by the new scale.
DO $lots$
DECLARE
  lot bigint[];
  last bigint := 0;
BEGIN
  LOOP
    lot := ARRAY(SELECT id FROM users WHERE id > last ORDER BY id LIMIT 5000);
    EXIT WHEN cardinality(lot) = 0;
    UPDATE users u SET
      external_id = gen_random_uuid()::text,
      reputation_level = coalesce((SELECT l.level FROM reputation_levels_config l WHERE l.min_volume <= u.total_volume ORDER BY l.min_volume DESC, l.level DESC LIMIT 1), 0)
    WHERE u.id = ANY (lot) AND u.external_id IS NULL;
    COMMIT;
    last := lot[cardinality(lot)];
  END LOOP;
END
$lots$;

CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS idx_users_external_id ON users (external_id);

ALTER TABLE users DROP CONSTRAINT IF EXISTS users_external_id_present;
ALTER TABLE users ADD CONSTRAINT users_external_id_present CHECK (external_id IS NOT NULL) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_external_id_present;
-- The server believes the constraint, and does not look again.
ALTER TABLE users ALTER COLUMN external_id SET NOT NULL;
ALTER TABLE users DROP CONSTRAINT users_external_id_present;

-- DOWN operations
-- ALTER TABLE users ALTER COLUMN external_id DROP NOT NULL;
-- DROP INDEX CONCURRENTLY IF EXISTS idx_users_external_id;
