-- A user's level is what the volume has reached, and every change is newer than the row that it changes.
-- ponte: no-transaction
-- ponte: irreversible the levels are what the volume has reached, and the old ones are gone

-- UP operations

CREATE OR REPLACE FUNCTION users_follow() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $function$
BEGIN
  NEW.reputation_level := reputation_level_of(NEW.total_volume);
  IF TG_OP = 'UPDATE' THEN
    NEW.updated_at := greatest(clock_timestamp(), OLD.updated_at + interval '1 microsecond');
  END IF;
  RETURN NEW;
END
$function$;
COMMENT ON FUNCTION users_follow() IS 'Sets the level that the volume has reached, and moves updated_at.';

DROP TRIGGER IF EXISTS users_follow_insert ON users;
CREATE TRIGGER users_follow_insert BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION users_follow();
-- Saving a row as it was is no change, and must not win over one.
DROP TRIGGER IF EXISTS users_follow_update ON users;
CREATE TRIGGER users_follow_update BEFORE UPDATE ON users
  FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION users_follow();

-- Those that came or moved while there was no trigger yet.
UPDATE users u SET reputation_level = reached.level
FROM (SELECT level, min_volume, lead(min_volume) OVER (ORDER BY min_volume) AS next_volume FROM reputation_levels_config) reached
WHERE u.total_volume >= reached.min_volume AND (reached.next_volume IS NULL OR u.total_volume < reached.next_volume) AND u.reputation_level <> reached.level;

-- DOWN operations
-- DROP TRIGGER IF EXISTS users_follow_update ON users;
-- DROP TRIGGER IF EXISTS users_follow_insert ON users;
-- DROP FUNCTION IF EXISTS users_follow();
