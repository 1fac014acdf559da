-- The panel's people and levels, and the log of what the bot's side sends.

-- UP operations

CREATE TABLE niveis_reputacao (
  nivel       integer PRIMARY KEY CHECK (nivel >= 0),
  nome        text NOT NULL CHECK (char_length(nome) BETWEEN 1 AND 50),
  volume_min  numeric(15,2) NOT NULL CHECK (volume_min >= 0),
  volume_max  numeric(15,2) CHECK (volume_max >= volume_min),
  criado_em   timestamptz NOT NULL DEFAULT clock_timestamp(),
  alterado_em timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE niveis_reputacao IS 'The levels of reputation; where both sides change one, the bot''s word counts.';
COMMENT ON COLUMN niveis_reputacao.volume_max IS 'NULL has no end.';

-- With the day of the report as their time, like those of the bot: both sides begin equal.
INSERT INTO niveis_reputacao (nivel, nome, volume_min, volume_max, criado_em, alterado_em)
SELECT nivel, nome, volume_min, volume_max, timestamptz '2025-10-06 00:00:00+00', timestamptz '2025-10-06 00:00:00+00'
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
) AS niveis (nivel, nome, volume_min, volume_max);

CREATE TABLE usuarios (
  id           text PRIMARY KEY DEFAULT gen_random_uuid()::text,
  login        text CHECK (char_length(login) BETWEEN 1 AND 64),
  nome         text CHECK (char_length(nome) <= 60),
  email        text CHECK (email ~ '^[^[:space:]@]+@[^[:space:]@]+$'),
  senha_hash   text,
  volume_total numeric(15,2) NOT NULL DEFAULT 0,
  nivel        integer NOT NULL DEFAULT 0,
  bloqueado    boolean NOT NULL DEFAULT false,
  criado_em    timestamptz NOT NULL DEFAULT clock_timestamp(),
  alterado_em  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX usuarios_email_key ON usuarios (lower(email));
CREATE INDEX usuarios_login_idx ON usuarios (login);
COMMENT ON TABLE usuarios IS 'The people of the panel.';
COMMENT ON COLUMN usuarios.id IS 'The bot calls it external_id.';
COMMENT ON COLUMN usuarios.senha_hash IS 'Never leaves this database; NULL for somebody who came from the bot and has not set a password.';
COMMENT ON COLUMN usuarios.nivel IS 'Follows volume_total.';

CREATE FUNCTION nivel_do_volume(volume numeric) RETURNS integer
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $function$
  SELECT coalesce((SELECT nivel FROM niveis_reputacao WHERE volume_min <= round(volume, 2) ORDER BY volume_min DESC, nivel DESC LIMIT 1), 0)
$function$;
COMMENT ON FUNCTION nivel_do_volume(numeric) IS 'The level that a volume has reached, to the cent.';

CREATE FUNCTION usuarios_acompanham() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $function$
BEGIN
  NEW.nivel := nivel_do_volume(NEW.volume_total);
  IF TG_OP = 'UPDATE' THEN
    NEW.alterado_em := greatest(clock_timestamp(), OLD.alterado_em + interval '1 microsecond');
  END IF;
  RETURN NEW;
END
$function$;
COMMENT ON FUNCTION usuarios_acompanham() IS 'Sets the level that the volume has reached, and moves alterado_em.';
CREATE TRIGGER usuarios_acompanham_insert BEFORE INSERT ON usuarios FOR EACH ROW EXECUTE FUNCTION usuarios_acompanham();
CREATE TRIGGER usuarios_acompanham_update BEFORE UPDATE ON usuarios
  FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION usuarios_acompanham();

CREATE FUNCTION niveis_alterado_em() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
BEGIN
  NEW.alterado_em := greatest(clock_timestamp(), OLD.alterado_em + interval '1 microsecond');
  RETURN NEW;
END
$function$;
COMMENT ON FUNCTION niveis_alterado_em() IS 'Moves niveis_reputacao.alterado_em.';
CREATE TRIGGER niveis_alterado_em BEFORE UPDATE ON niveis_reputacao
  FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION niveis_alterado_em();

-- The same log as the bot's, of what arrives here.
CREATE TABLE sync_log (
  id             serial PRIMARY KEY,
  sync_type      varchar(50) NOT NULL,
  entity_type    varchar(50) NOT NULL,
  entity_id      text,
  sync_direction varchar(20) NOT NULL,
  status         varchar(20) NOT NULL,
  error_message  text,
  metadata       jsonb NOT NULL DEFAULT '{}',
  created_at     timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);
CREATE INDEX idx_sync_log_entity ON sync_log (entity_id, created_at DESC);
CREATE INDEX idx_sync_log_status ON sync_log (status, created_at DESC);
CREATE INDEX idx_sync_log_created_at ON sync_log (created_at);
CREATE INDEX idx_sync_log_entity_status ON sync_log (entity_type, status, created_at DESC);
COMMENT ON TABLE sync_log IS 'What became of every row that the sync brought here; written in the transaction that wrote the row.';
COMMENT ON COLUMN sync_log.created_at IS 'In UTC.';

-- DOWN operations
-- DROP TABLE sync_log;
-- DROP TABLE usuarios;
-- DROP FUNCTION usuarios_acompanham();
-- DROP FUNCTION nivel_do_volume(numeric);
-- DROP TABLE niveis_reputacao;
-- DROP FUNCTION niveis_alterado_em();
