-- The state of the sync for each user of the bot. No row means: on, and never synced yet.

-- UP operations

CREATE TABLE IF NOT EXISTS bot_sync_metadata (
  id               serial PRIMARY KEY,
  telegram_user_id bigint UNIQUE NOT NULL,
  external_user_id text,
  last_sync_at     timestamp,
  sync_enabled     boolean NOT NULL DEFAULT true,
  created_at       timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
  updated_at       timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);
-- ponte: allow redundant-index: the report of the upgrade promises it by this name
CREATE INDEX IF NOT EXISTS idx_bot_sync_metadata_telegram_id ON bot_sync_metadata (telegram_user_id);
CREATE INDEX IF NOT EXISTS idx_bot_sync_metadata_external_id ON bot_sync_metadata (external_user_id);

COMMENT ON TABLE bot_sync_metadata IS 'The state of the sync for each user of the bot.';
COMMENT ON COLUMN bot_sync_metadata.external_user_id IS 'The user''s id in the panel.';
COMMENT ON COLUMN bot_sync_metadata.last_sync_at IS 'When something of the user last arrived from the panel; in UTC, like the other timestamps.';
COMMENT ON COLUMN bot_sync_metadata.sync_enabled IS 'False: the user stays on both sides as he is, and nothing of him travels until it is true again.';

CREATE OR REPLACE FUNCTION update_sync_timestamp() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
BEGIN
  NEW.updated_at := clock_timestamp() AT TIME ZONE 'UTC';
  RETURN NEW;
END
$function$;
COMMENT ON FUNCTION update_sync_timestamp() IS 'Moves updated_at at every update of a row.';

DROP TRIGGER IF EXISTS update_bot_sync_metadata_timestamp ON bot_sync_metadata;
CREATE TRIGGER update_bot_sync_metadata_timestamp BEFORE UPDATE ON bot_sync_metadata
  FOR EACH ROW EXECUTE FUNCTION update_sync_timestamp();

-- What a user has missed is carried once the user's row itself is written. Its version stays: whatever waited is judged by when it was made.
CREATE OR REPLACE FUNCTION bot_sync_switched() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $function$
BEGIN
  UPDATE users SET telegram_id = telegram_id WHERE telegram_id IN (OLD.telegram_user_id, NEW.telegram_user_id);
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION bot_sync_switched() IS 'Touches a user whose sync was switched.';

DROP TRIGGER IF EXISTS bot_sync_metadata_switched ON bot_sync_metadata;
CREATE TRIGGER bot_sync_metadata_switched AFTER UPDATE OF sync_enabled, telegram_user_id ON bot_sync_metadata
  FOR EACH ROW WHEN (OLD.sync_enabled <> NEW.sync_enabled OR OLD.telegram_user_id <> NEW.telegram_user_id) EXECUTE FUNCTION bot_sync_switched();
DROP TRIGGER IF EXISTS bot_sync_metadata_removed ON bot_sync_metadata;
CREATE TRIGGER bot_sync_metadata_removed AFTER DELETE ON bot_sync_metadata
  FOR EACH ROW WHEN (NOT OLD.sync_enabled) EXECUTE FUNCTION bot_sync_switched();

-- DOWN operations
-- DROP TABLE IF EXISTS bot_sync_metadata CASCADE;
-- DROP FUNCTION IF EXISTS bot_sync_switched() CASCADE;
-- DROP FUNCTION IF EXISTS update_sync_timestamp() CASCADE;
