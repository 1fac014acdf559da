-- ponte: allow add-check: the table has a dozen rows
-- ponte: allow set-not-null: the table has a dozen rows
-- ponte: allow change-under-lock: the table has a dozen rows

-- Eleven levels, each from an amount to the cent before the next one. Old columns stay, for those who read or write them, and always agree with the new ones.
-- There is no way back: the levels are data.

-- ponte: irreversible the levels are data

-- UP operations

ALTER TABLE reputation_levels_config
  ADD COLUMN IF NOT EXISTS name       varchar(50),
  ADD COLUMN IF NOT EXISTS min_volume numeric(15,2),
  ADD COLUMN IF NOT EXISTS max_volume numeric(15,2),
  ADD COLUMN IF NOT EXISTS created_at timestamp DEFAULT (now() AT TIME ZONE 'UTC'),
  ADD COLUMN IF NOT EXISTS updated_at timestamp DEFAULT (now() AT TIME ZONE 'UTC');

CREATE OR REPLACE FUNCTION reputation_levels_agree() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW.name := coalesce(NEW.name, NEW.level_name);
    NEW.min_volume := coalesce(NEW.min_volume, NEW.required_volume);
  ELSE
    -- Whoever writes an old column alone means the new one.
    IF NEW.name IS NOT DISTINCT FROM OLD.name AND NEW.level_name IS DISTINCT FROM OLD.level_name THEN
      NEW.name := NEW.level_name;
    END IF;
    IF NEW.min_volume IS NOT DISTINCT FROM OLD.min_volume AND NEW.required_volume IS DISTINCT FROM OLD.required_volume THEN
      NEW.min_volume := NEW.required_volume;
    END IF;
    NEW.updated_at := greatest(clock_timestamp() AT TIME ZONE 'UTC', OLD.updated_at + interval '1 microsecond');
  END IF;
  NEW.level_name := NEW.name;
  NEW.required_volume := NEW.min_volume;
  RETURN NEW;
END
$function$;
COMMENT ON FUNCTION reputation_levels_agree() IS 'Keeps old and new columns of a level in agreement, whichever are written, and moves updated_at.';

-- With the day of the report as their time, like those of the panel: both sides begin equal.
INSERT INTO reputation_levels_config AS l (level, level_name, required_volume, name, min_volume, max_volume, created_at, updated_at)
SELECT level, name, min_volume, name, min_volume, max_volume, timestamp '2025-10-06', timestamp '2025-10-06'
FROM (VALUES
  (0,  'Iniciante',   0.00,       999.99),
  (1,  'Bronze I',    1000.00,    4999.99),
  (2,  'Bronze II',   5000.00,    9999.99),
  (3,  'Prata I',     10000.00,   24999.99),
  (4,  'Prata II',    25000.00,   49999.99),
  (5,  'Ouro I',      50000.00,   99999.99),
  (6,  'Ouro II',     100000.00,  249999.99),
  (7,  'Diamante I',  250000.00,  499999.99),
  (8,  'Diamante II', 500000.00,  999999.99),
  (9,  'Elite',       1000000.00, 4999999.99),
  (10, 'Lendário',    5000000.00, NULL)
) AS levels (level, name, min_volume, max_volume)
ON CONFLICT (level) DO UPDATE SET
  level_name = excluded.level_name, required_volume = excluded.required_volume,
  name = excluded.name, min_volume = excluded.min_volume, max_volume = excluded.max_volume,
  created_at = excluded.created_at, updated_at = excluded.updated_at
-- Once they are there, the levels belong to whoever changes them.
WHERE l.min_volume IS NULL;

-- A level of one's own above the ten keeps what it had.
UPDATE reputation_levels_config SET name = level_name, min_volume = required_volume WHERE min_volume IS NULL;

ALTER TABLE reputation_levels_config
  ALTER COLUMN name SET NOT NULL, ALTER COLUMN min_volume SET NOT NULL,
  ALTER COLUMN created_at SET NOT NULL, ALTER COLUMN updated_at SET NOT NULL,
  DROP CONSTRAINT IF EXISTS reputation_levels_range,
  ADD CONSTRAINT reputation_levels_range CHECK (min_volume >= 0 AND max_volume >= min_volume);

DROP TRIGGER IF EXISTS reputation_levels_agree ON reputation_levels_config;
CREATE TRIGGER reputation_levels_agree BEFORE INSERT OR UPDATE ON reputation_levels_config
  FOR EACH ROW EXECUTE FUNCTION reputation_levels_agree();

CREATE OR REPLACE FUNCTION reputation_level_of(volume numeric) RETURNS integer
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $function$
  SELECT coalesce((SELECT level FROM reputation_levels_config WHERE min_volume <= round(volume, 2) ORDER BY min_volume DESC, level DESC LIMIT 1), 0)
$function$;

COMMENT ON FUNCTION reputation_level_of(numeric) IS 'The level that a volume has reached, to the cent.';
COMMENT ON COLUMN reputation_levels_config.name IS 'In Portuguese. level_name is the same.';
COMMENT ON COLUMN reputation_levels_config.min_volume IS 'From this amount on. required_volume is the same.';
COMMENT ON COLUMN reputation_levels_config.max_volume IS 'Up to this amount; NULL has no end.';
COMMENT ON COLUMN reputation_levels_config.updated_at IS 'In UTC, like created_at.';

-- DOWN operations
-- SELECT 'the levels stay: they are data';
