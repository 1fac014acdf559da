-- The bot's tables as they were before there was a panel. A database that has them already is left as it is: run this, or
-- `ponte --node bridge migrate stamp 001`. There is no way back from here: users and levels were there before the tool.

-- ponte: irreversible it is what the bot has today

-- UP operations

CREATE TABLE IF NOT EXISTS users (
  id               bigserial PRIMARY KEY,
  telegram_id      bigint UNIQUE,
  username         varchar(64),
  first_name       varchar(100),
  total_volume     numeric(15,2) NOT NULL DEFAULT 0,
  reputation_level integer NOT NULL DEFAULT 0,
  is_banned        boolean NOT NULL DEFAULT false,
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE users IS 'The people that the bot knows.';
COMMENT ON COLUMN users.telegram_id IS 'NULL until a person has spoken to the bot.';
COMMENT ON COLUMN users.total_volume IS 'What the person has moved so far.';

CREATE TABLE IF NOT EXISTS reputation_levels_config (
  id              serial PRIMARY KEY,
  level           integer NOT NULL UNIQUE,
  level_name      varchar(50) NOT NULL,
  required_volume numeric(15,2) NOT NULL,
  fee_discount    numeric(5,2) NOT NULL DEFAULT 0
);
COMMENT ON TABLE reputation_levels_config IS 'The levels of reputation and what each takes.';
COMMENT ON COLUMN reputation_levels_config.fee_discount IS 'Percent taken off fees at this level.';

INSERT INTO reputation_levels_config (level, level_name, required_volume, fee_discount) VALUES
  (0, 'Novato', 0, 0), (1, 'Bronze', 1000, 1), (2, 'Prata', 10000, 2), (3, 'Ouro', 50000, 5), (4, 'Diamante', 250000, 10)
ON CONFLICT DO NOTHING;
