-- PostgreSQL schema definition (tables, indexes, functions) for a new database. Written by scripts/build-init-db from migrations/.
-- Where the schema is there already, nothing happens. A database that was made here joins ponte with: ponte migrate stamp 002

\set ON_ERROR_STOP on
SELECT to_regclass('public.user_uploads') IS NOT NULL AS there \gset
\if :there
\echo the schema is there already
\else
BEGIN;

-- ATlast: people bring the accounts that they follow elsewhere, and are told who of them is on the AT Protocol.
--
-- Sessions and notifications are transient and cleaned up daily; what people brought and what was found for them is kept.

-- ponte: irreversible another schema of the database may use the extensions

-- UP operations

CREATE EXTENSION IF NOT EXISTS "uuid-ossp";
CREATE EXTENSION IF NOT EXISTS "pg_trgm";

-- Transient tables (session data) -------------------------------------------------------------------------------------

CREATE TABLE oauth_states (
  key        text        PRIMARY KEY,
  data       jsonb       NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL DEFAULT now() + interval '1 hour',
  CONSTRAINT oauth_states_key_length CHECK (char_length(key) BETWEEN 1 AND 512),
  CONSTRAINT oauth_states_lifetime CHECK (expires_at > created_at)
);
COMMENT ON TABLE oauth_states IS 'OAuth flow state storage: what a login that is under way must find again. Transient.';
COMMENT ON COLUMN oauth_states.key IS 'The state parameter of the flow.';
COMMENT ON COLUMN oauth_states.data IS 'PKCE verifier, DPoP key and issuer, as the OAuth client serialises them.';

CREATE TABLE oauth_sessions (
  did        text        PRIMARY KEY,
  data       bytea       NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL DEFAULT now() + interval '14 days',
  CONSTRAINT oauth_sessions_did_shape CHECK (did ~ '^did:[a-z]+:[A-Za-z0-9._:%-]+$' AND char_length(did) <= 2048),
  CONSTRAINT oauth_sessions_data_present CHECK (octet_length(data) > 0),
  CONSTRAINT oauth_sessions_lifetime CHECK (expires_at > created_at)
);
COMMENT ON TABLE oauth_sessions IS 'OAuth session data: the tokens of an account. Transient.';
COMMENT ON COLUMN oauth_sessions.did IS 'The account''s decentralised identifier.';
COMMENT ON COLUMN oauth_sessions.data IS 'Tokens, encrypted by the application with the key of ponte keygen oauth.';

CREATE TABLE user_sessions (
  session_id uuid        PRIMARY KEY DEFAULT uuid_generate_v4(),
  did        text        NOT NULL,
  user_agent text,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL DEFAULT now() + interval '14 days',
  CONSTRAINT user_sessions_did_shape CHECK (did ~ '^did:[a-z]+:[A-Za-z0-9._:%-]+$' AND char_length(did) <= 2048),
  CONSTRAINT user_sessions_lifetime CHECK (expires_at > created_at)
);
COMMENT ON TABLE user_sessions IS 'User authentication sessions: who a browser''s cookie belongs to. Transient.';
COMMENT ON COLUMN user_sessions.session_id IS 'The cookie''s value.';
COMMENT ON COLUMN user_sessions.did IS 'The account that is logged in.';

-- Persistent tables (user data) ---------------------------------------------------------------------------------------

CREATE TABLE user_uploads (
  upload_id        uuid        PRIMARY KEY DEFAULT uuid_generate_v4(),
  did              text        NOT NULL,
  source_platform  text        NOT NULL,
  total_users      integer     NOT NULL DEFAULT 0,
  matched_users    integer     NOT NULL DEFAULT 0,
  unmatched_users  integer     GENERATED ALWAYS AS (total_users - matched_users) STORED,
  created_at       timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT user_uploads_did_shape CHECK (did ~ '^did:[a-z]+:[A-Za-z0-9._:%-]+$' AND char_length(did) <= 2048),
  CONSTRAINT user_uploads_platform_known CHECK (source_platform IN ('instagram', 'tiktok', 'twitter', 'youtube', 'twitch', 'github')),
  CONSTRAINT user_uploads_counts CHECK (matched_users BETWEEN 0 AND total_users)
);
COMMENT ON TABLE user_uploads IS 'Upload history and metadata: one row per export file that somebody brought.';
COMMENT ON COLUMN user_uploads.did IS 'Who brought it.';
COMMENT ON COLUMN user_uploads.total_users IS 'How many accounts the file named.';
COMMENT ON COLUMN user_uploads.matched_users IS 'For how many of them an AT Protocol account has been found.';

CREATE TABLE source_accounts (
  id              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source_platform text        NOT NULL,
  source_username text        NOT NULL,
  normalized_username text    GENERATED ALWAYS AS (lower(regexp_replace(source_username, '[^A-Za-z0-9]', '', 'g'))) STORED,
  display_name    text,
  match_found     boolean     NOT NULL DEFAULT false,
  match_found_at  timestamptz,
  last_checked_at timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT source_accounts_platform_known CHECK (source_platform IN ('instagram', 'tiktok', 'twitter', 'youtube', 'twitch', 'github')),
  CONSTRAINT source_accounts_username_shape CHECK (source_username ~ '^[^[:space:]@]{1,100}$'),
  CONSTRAINT source_accounts_match_dated CHECK (match_found = (match_found_at IS NOT NULL)),
  UNIQUE (source_platform, source_username)
);
COMMENT ON TABLE source_accounts IS 'Usernames from source platforms (Instagram, TikTok, etc.), each once, however many people follow it.';
COMMENT ON COLUMN source_accounts.source_username IS 'As the platform writes it, without the @.';
COMMENT ON COLUMN source_accounts.normalized_username IS 'Letters and digits alone, in lower case: john_doe, John.Doe and johndoe are one.';
COMMENT ON COLUMN source_accounts.match_found IS 'Whether any AT Protocol account has been matched, for lists that ask for those without.';

CREATE TABLE user_source_follows (
  upload_id         uuid        NOT NULL REFERENCES user_uploads (upload_id) ON DELETE CASCADE,
  source_account_id bigint      NOT NULL REFERENCES source_accounts (id) ON DELETE CASCADE,
  did               text        NOT NULL,
  source_date       timestamptz,
  created_at        timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (upload_id, source_account_id),
  CONSTRAINT user_source_follows_did_shape CHECK (did ~ '^did:[a-z]+:[A-Za-z0-9._:%-]+$' AND char_length(did) <= 2048)
);
COMMENT ON TABLE user_source_follows IS 'Links users to their source account follows: who follows whom elsewhere, by upload.';
COMMENT ON COLUMN user_source_follows.source_date IS 'Since when, as the export says.';

CREATE TABLE atproto_matches (
  id                bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source_account_id bigint      NOT NULL REFERENCES source_accounts (id) ON DELETE CASCADE,
  atproto_did       text        NOT NULL,
  atproto_handle    text        NOT NULL,
  display_name      text,
  match_score       real        NOT NULL,
  match_method      text        NOT NULL DEFAULT 'exact',
  is_active         boolean     NOT NULL DEFAULT true,
  found_at          timestamptz NOT NULL DEFAULT now(),
  last_verified_at  timestamptz NOT NULL DEFAULT now(),
  UNIQUE (source_account_id, atproto_did),
  CONSTRAINT atproto_matches_did_shape CHECK (atproto_did ~ '^did:[a-z]+:[A-Za-z0-9._:%-]+$' AND char_length(atproto_did) <= 2048),
  CONSTRAINT atproto_matches_handle_shape CHECK (atproto_handle ~ '^([A-Za-z0-9-]{1,63}[.])+[A-Za-z][A-Za-z0-9-]{0,62}$'),
  CONSTRAINT atproto_matches_score_range CHECK (match_score > 0 AND match_score <= 1),
  CONSTRAINT atproto_matches_method_known CHECK (match_method IN ('exact', 'fuzzy', 'manual'))
);
COMMENT ON TABLE atproto_matches IS 'Matched AT Protocol accounts: who a source account probably is.';
COMMENT ON COLUMN atproto_matches.match_score IS 'From 0 (nothing in common) to 1 (the same name).';
COMMENT ON COLUMN atproto_matches.match_method IS 'exact: the same normalised name. fuzzy: similar by trigrams. manual: somebody said so.';
COMMENT ON COLUMN atproto_matches.is_active IS 'False once the account is gone; nobody is notified of it then.';

CREATE TABLE user_match_status (
  did              text        NOT NULL,
  atproto_match_id bigint      NOT NULL REFERENCES atproto_matches (id) ON DELETE CASCADE,
  notified         boolean     NOT NULL DEFAULT false,
  notified_at      timestamptz,
  viewed           boolean     NOT NULL DEFAULT false,
  viewed_at        timestamptz,
  followed         boolean     NOT NULL DEFAULT false,
  followed_at      timestamptz,
  dismissed        boolean     NOT NULL DEFAULT false,
  dismissed_at     timestamptz,
  created_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (did, atproto_match_id),
  CONSTRAINT user_match_status_did_shape CHECK (did ~ '^did:[a-z]+:[A-Za-z0-9._:%-]+$' AND char_length(did) <= 2048),
  CONSTRAINT user_match_status_dated CHECK (notified = (notified_at IS NOT NULL) AND viewed = (viewed_at IS NOT NULL)
    AND followed = (followed_at IS NOT NULL) AND dismissed = (dismissed_at IS NOT NULL))
);
COMMENT ON TABLE user_match_status IS 'User interaction with matches (viewed, followed, etc.), one row per person and match.';
COMMENT ON COLUMN user_match_status.did IS 'The person.';
COMMENT ON COLUMN user_match_status.notified IS 'Whether the person was told; set when the notification has been sent.';

CREATE TABLE notification_queue (
  id              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  did             text        NOT NULL,
  atproto_match_id bigint     REFERENCES atproto_matches (id) ON DELETE CASCADE,
  channel         text        NOT NULL DEFAULT 'dm',
  payload         jsonb       NOT NULL DEFAULT '{}',
  dedupe_key      text        NOT NULL,
  status          text        NOT NULL DEFAULT 'pending',
  attempts        integer     NOT NULL DEFAULT 0,
  attempts_max    integer     NOT NULL DEFAULT 5,
  available_at    timestamptz NOT NULL DEFAULT now(),
  lease_token     uuid,
  leased_until    timestamptz,
  last_error      text,
  created_at      timestamptz NOT NULL DEFAULT now(),
  sent_at         timestamptz,
  failed_at       timestamptz,
  UNIQUE (dedupe_key),
  CONSTRAINT notification_queue_did_shape CHECK (did ~ '^did:[a-z]+:[A-Za-z0-9._:%-]+$' AND char_length(did) <= 2048),
  CONSTRAINT notification_queue_channel_known CHECK (channel IN ('dm', 'email', 'webhook')),
  CONSTRAINT notification_queue_status_known CHECK (status IN ('pending', 'leased', 'sent', 'failed')),
  CONSTRAINT notification_queue_attempts CHECK (attempts >= 0 AND attempts_max BETWEEN 1 AND 20 AND attempts <= attempts_max),
  CONSTRAINT notification_queue_leased CHECK ((status = 'leased') = (lease_token IS NOT NULL) AND (status = 'leased') = (leased_until IS NOT NULL)),
  CONSTRAINT notification_queue_dated CHECK ((status = 'sent') = (sent_at IS NOT NULL) AND (status = 'failed') = (failed_at IS NOT NULL))
);
COMMENT ON TABLE notification_queue IS 'Pending notifications (Phase 2). Transient: what was sent or has failed is removed after a while, what waits never.';
COMMENT ON COLUMN notification_queue.dedupe_key IS 'What makes two notifications the same one: a second one with the same key is not taken in.';
COMMENT ON COLUMN notification_queue.status IS 'pending, leased (a consumer has it), sent, or failed for good.';
COMMENT ON COLUMN notification_queue.attempts IS 'How often a consumer has taken it, the present time included.';
COMMENT ON COLUMN notification_queue.available_at IS 'Not before this time; later after each failure.';
COMMENT ON COLUMN notification_queue.lease_token IS 'Who has it: only the holder of this token may report about it.';
COMMENT ON COLUMN notification_queue.leased_until IS 'From when on another consumer may take it, because the holder must have died.';

CREATE TABLE partner_api_keys (
  id           uuid        PRIMARY KEY DEFAULT uuid_generate_v4(),
  partner_name text        NOT NULL,
  key_prefix   text        NOT NULL,
  key_hash     bytea       NOT NULL,
  scopes       text[]      NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz,
  revoked_at   timestamptz,
  last_used_at timestamptz,
  UNIQUE (key_prefix),
  CONSTRAINT partner_api_keys_partner_length CHECK (char_length(btrim(partner_name)) BETWEEN 1 AND 100),
  CONSTRAINT partner_api_keys_prefix_shape CHECK (key_prefix ~ '^[0-9a-f]{12}$'),
  CONSTRAINT partner_api_keys_hash_length CHECK (octet_length(key_hash) = 32),
  CONSTRAINT partner_api_keys_scopes_known CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY['matches:read', 'matches:write', 'uploads:write', 'notifications:write']),
  CONSTRAINT partner_api_keys_lifetime CHECK (expires_at > created_at)
);
COMMENT ON TABLE partner_api_keys IS 'API keys for partner integrations (Phase 2). The keys themselves are nowhere: only their SHA-256.';
COMMENT ON COLUMN partner_api_keys.key_prefix IS 'The public part of a key, by which it is found: atlast_PREFIX_SECRET.';
COMMENT ON COLUMN partner_api_keys.key_hash IS 'SHA-256 of the secret part, 256 random bits; a slow password hash would add nothing.';
COMMENT ON COLUMN partner_api_keys.scopes IS 'What the key is for; a request must name one of them.';
COMMENT ON COLUMN partner_api_keys.expires_at IS 'NULL for a key without an end.';

CREATE TABLE cleanup_runs (
  id                 bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  started_at         timestamptz NOT NULL DEFAULT now(),
  finished_at        timestamptz NOT NULL,
  oauth_states       bigint      NOT NULL,
  oauth_sessions     bigint      NOT NULL,
  user_sessions      bigint      NOT NULL,
  notification_queue bigint      NOT NULL
);
COMMENT ON TABLE cleanup_runs IS 'The runs of cleanup_transient_data(): when, and how many rows of each table went.';

-- Indexes -------------------------------------------------------------------------------------------------------------

CREATE INDEX idx_oauth_states_created_at ON oauth_states (created_at);
CREATE INDEX idx_oauth_sessions_expires_at ON oauth_sessions (expires_at);
CREATE INDEX idx_user_sessions_did ON user_sessions (did);
CREATE INDEX idx_user_sessions_expires_at ON user_sessions (expires_at);
CREATE INDEX idx_user_uploads_did ON user_uploads (did, created_at DESC);
CREATE INDEX idx_source_accounts_username_trgm ON source_accounts USING gin (source_username gin_trgm_ops);
CREATE INDEX idx_source_accounts_normalized_trgm ON source_accounts USING gin (normalized_username gin_trgm_ops);
CREATE INDEX idx_source_accounts_normalized ON source_accounts (normalized_username);
CREATE INDEX idx_source_accounts_unmatched ON source_accounts (last_checked_at NULLS FIRST) WHERE NOT match_found;
CREATE INDEX idx_user_source_follows_source_account_id ON user_source_follows (source_account_id);
CREATE INDEX idx_user_source_follows_did ON user_source_follows (did);
CREATE INDEX idx_atproto_matches_atproto_did ON atproto_matches (atproto_did);
CREATE INDEX idx_user_match_status_atproto_match_id ON user_match_status (atproto_match_id);
CREATE INDEX idx_user_match_status_unnotified ON user_match_status (did, created_at) WHERE NOT notified AND NOT dismissed;
CREATE INDEX idx_notification_queue_pending ON notification_queue (available_at, id) WHERE status = 'pending';
CREATE INDEX idx_notification_queue_leased ON notification_queue (leased_until) WHERE status = 'leased';
CREATE INDEX idx_notification_queue_finished ON notification_queue (coalesce(sent_at, failed_at)) WHERE status IN ('sent', 'failed');
CREATE INDEX idx_notification_queue_atproto_match_id ON notification_queue (atproto_match_id);

-- Cleaning up ---------------------------------------------------------------------------------------------------------

CREATE FUNCTION cleanup_transient_data() RETURNS cleanup_runs
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  run public.cleanup_runs;
BEGIN
  run.started_at := clock_timestamp();
  DELETE FROM public.oauth_states WHERE created_at < now() - interval '1 hour';
  GET DIAGNOSTICS run.oauth_states = ROW_COUNT;
  DELETE FROM public.oauth_sessions WHERE expires_at < now();
  GET DIAGNOSTICS run.oauth_sessions = ROW_COUNT;
  DELETE FROM public.user_sessions WHERE expires_at < now();
  GET DIAGNOSTICS run.user_sessions = ROW_COUNT;
  DELETE FROM public.notification_queue
  WHERE status = 'sent' AND coalesce(sent_at, failed_at) < now() - interval '7 days'
     OR status = 'failed' AND coalesce(sent_at, failed_at) < now() - interval '30 days';
  GET DIAGNOSTICS run.notification_queue = ROW_COUNT;
  INSERT INTO public.cleanup_runs (started_at, finished_at, oauth_states, oauth_sessions, user_sessions, notification_queue)
  VALUES (run.started_at, clock_timestamp(), run.oauth_states, run.oauth_sessions, run.user_sessions, run.notification_queue)
  RETURNING * INTO run;
  RETURN run;
END
$$;
COMMENT ON FUNCTION cleanup_transient_data() IS
  'Removes OAuth states older than an hour, expired sessions, notifications sent more than 7 and failed more than 30 days ago; records the run and answers it.';


-- Phase 2: finding accounts by similar names, telling people about them, letting partners in.

-- UP operations

-- Matching ------------------------------------------------------------------------------------------------------------

CREATE FUNCTION find_source_accounts(p_handle text, p_threshold real DEFAULT 0.5, p_limit int DEFAULT 20)
RETURNS TABLE (source_account_id bigint, source_platform text, source_username text, score real, rank bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  usual text := show_limit();
  -- ana.bsky.social is called ana; ana-souza.com is called ana-souza.
  name text := lower(regexp_replace(split_part(ltrim(p_handle, '@'), '.', 1), '[^A-Za-z0-9]', '', 'g'));
BEGIN
  IF p_threshold IS NULL OR p_threshold <= 0 OR p_threshold > 1 THEN
    RAISE EXCEPTION 'the threshold must be above 0 and at most 1' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- The operator % reads its threshold there. The session gets its own back below, and an error takes the change back by itself.
  PERFORM set_config('pg_trgm.similarity_threshold', p_threshold::text, true);
  RETURN QUERY
  SELECT c.id, c.source_platform, c.source_username, c.score, row_number() OVER (ORDER BY c.score DESC, c.likeness DESC, c.id)
  FROM (SELECT a.id, a.source_platform, a.source_username, similarity(a.normalized_username, name) AS score,
               similarity(a.source_username, p_handle) AS likeness
        FROM public.source_accounts a WHERE a.normalized_username % name) c
  ORDER BY c.score DESC, c.likeness DESC, c.id
  LIMIT p_limit;
  PERFORM set_config('pg_trgm.similarity_threshold', usual, true);
END
$$;
COMMENT ON FUNCTION find_source_accounts(text, real, int) IS
  'Source accounts whose names resemble a handle''s, the most similar first. The threshold is a similarity of pg_trgm: 1 is the same name.';

CREATE FUNCTION record_atproto_account(p_did text, p_handle text, p_display_name text DEFAULT NULL, p_threshold real DEFAULT 0.5)
RETURNS SETOF atproto_matches
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  match public.atproto_matches;
BEGIN
  FOR match IN
    INSERT INTO public.atproto_matches AS m (source_account_id, atproto_did, atproto_handle, display_name, match_score, match_method)
    SELECT f.source_account_id, p_did, p_handle, p_display_name, f.score, CASE WHEN f.score = 1 THEN 'exact' ELSE 'fuzzy' END
    FROM public.find_source_accounts(p_handle, p_threshold) f
    ON CONFLICT (source_account_id, atproto_did) DO UPDATE
      SET atproto_handle = excluded.atproto_handle, display_name = coalesce(excluded.display_name, m.display_name), last_verified_at = now(),
          match_score = excluded.match_score, is_active = true,
          match_method = CASE m.match_method WHEN 'manual' THEN 'manual' ELSE excluded.match_method END
    RETURNING *
  LOOP
    UPDATE public.source_accounts SET match_found = true, match_found_at = coalesce(match_found_at, now()), last_checked_at = now()
    WHERE id = match.source_account_id;
    WITH followers AS (
      INSERT INTO public.user_match_status (did, atproto_match_id)
      SELECT DISTINCT f.did, match.id FROM public.user_source_follows f WHERE f.source_account_id = match.source_account_id
      ON CONFLICT DO NOTHING RETURNING did
    )
    UPDATE public.user_uploads u SET matched_users =
      (SELECT count(*) FROM public.user_source_follows f JOIN public.source_accounts a ON a.id = f.source_account_id
       WHERE f.upload_id = u.upload_id AND (a.match_found OR a.id = match.source_account_id))
    WHERE u.upload_id IN (SELECT f.upload_id FROM public.user_source_follows f WHERE f.source_account_id = match.source_account_id);
    RETURN NEXT match;
  END LOOP;
END
$$;
COMMENT ON FUNCTION record_atproto_account(text, text, text, real) IS
  'An AT Protocol account that the Tap server saw: keeps the matches it makes, gives every follower of the source account a status, and answers the matches. Harmless twice.';

CREATE FUNCTION matches_of(p_did text)
RETURNS TABLE (source_platform text, source_username text, atproto_did text, atproto_handle text, score real, rank bigint, followed boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT a.source_platform, a.source_username, m.atproto_did, m.atproto_handle, m.match_score,
         row_number() OVER (PARTITION BY a.id ORDER BY m.match_method = 'manual' DESC, m.match_score DESC, m.found_at, m.id), s.followed
  FROM public.user_match_status s
  JOIN public.atproto_matches m ON m.id = s.atproto_match_id AND m.is_active
  JOIN public.source_accounts a ON a.id = m.source_account_id
  WHERE s.did = p_did AND NOT s.dismissed
  ORDER BY a.source_platform, a.source_username, 6
$$;
COMMENT ON FUNCTION matches_of(text) IS 'What was found for a person, the best match of each source account ranked 1.';

-- Notifications -------------------------------------------------------------------------------------------------------
-- A consumer leases some, sends each with its dedupe_key as the receiver's idempotency key, and reports. One that dies is found out when
-- its lease ends; one that comes back late holds a token that is worth nothing any more.

CREATE FUNCTION enqueue_notification(p_did text, p_dedupe_key text, p_payload jsonb DEFAULT '{}', p_atproto_match_id bigint DEFAULT NULL,
                                     p_channel text DEFAULT 'dm', p_attempts_max int DEFAULT 5) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp
AS $$
  INSERT INTO public.notification_queue (did, dedupe_key, payload, atproto_match_id, channel, attempts_max)
  VALUES (p_did, p_dedupe_key, p_payload, p_atproto_match_id, p_channel, p_attempts_max)
  ON CONFLICT (dedupe_key) DO NOTHING RETURNING id
$$;
COMMENT ON FUNCTION enqueue_notification(text, text, jsonb, bigint, text, int) IS 'Puts a notification into the queue and answers its id; NULL where there is one with the same dedupe_key.';

CREATE FUNCTION enqueue_unnotified_matches(p_limit int DEFAULT 1000) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp
AS $$
  WITH waiting AS (
    SELECT s.did, s.atproto_match_id, m.atproto_handle FROM public.user_match_status s
    JOIN public.atproto_matches m ON m.id = s.atproto_match_id AND m.is_active
    WHERE NOT s.notified AND NOT s.dismissed
      AND NOT EXISTS (SELECT FROM public.notification_queue q WHERE q.dedupe_key = 'match:' || s.atproto_match_id || ':' || s.did)
    ORDER BY s.created_at LIMIT p_limit
  ), queued AS (
    INSERT INTO public.notification_queue (did, dedupe_key, payload, atproto_match_id)
    SELECT did, 'match:' || atproto_match_id || ':' || did, jsonb_build_object('handle', atproto_handle), atproto_match_id FROM waiting
    ON CONFLICT (dedupe_key) DO NOTHING RETURNING 1
  )
  SELECT count(*) FROM queued
$$;
COMMENT ON FUNCTION enqueue_unnotified_matches(int) IS 'Puts a notification into the queue for each match that its person has not been told of, and answers how many.';

CREATE FUNCTION lease_notifications(p_count int DEFAULT 10, p_lease interval DEFAULT '1 minute') RETURNS SETOF notification_queue
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  -- Those whose last attempt ended with its consumer.
  UPDATE public.notification_queue SET status = 'failed', failed_at = clock_timestamp(), lease_token = NULL, leased_until = NULL,
    last_error = coalesce(last_error, 'the consumer of the last attempt did not report')
  WHERE id IN (SELECT id FROM public.notification_queue
               WHERE status = 'leased' AND leased_until < clock_timestamp() AND attempts >= attempts_max FOR UPDATE SKIP LOCKED);
  RETURN QUERY
  UPDATE public.notification_queue SET status = 'leased', attempts = attempts + 1, lease_token = gen_random_uuid(),
    leased_until = clock_timestamp() + p_lease
  WHERE id = ANY (ARRAY(
    SELECT id FROM public.notification_queue
    WHERE (status = 'pending' AND available_at <= clock_timestamp() OR status = 'leased' AND leased_until < clock_timestamp())
      AND attempts < attempts_max
    ORDER BY available_at, id LIMIT p_count FOR UPDATE SKIP LOCKED))
  RETURNING *;
END
$$;
COMMENT ON FUNCTION lease_notifications(int, interval) IS 'Hands out notifications that are due, or whose consumer has died, to one consumer at a time. Consumers never wait for each other.';

CREATE FUNCTION complete_notification(p_id bigint, p_token uuid) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  done public.notification_queue;
BEGIN
  UPDATE public.notification_queue SET status = 'sent', sent_at = clock_timestamp(), lease_token = NULL, leased_until = NULL
  WHERE id = p_id AND status = 'leased' AND lease_token = p_token RETURNING * INTO done;
  UPDATE public.user_match_status SET notified = true, notified_at = clock_timestamp()
  WHERE did = done.did AND atproto_match_id = done.atproto_match_id AND NOT notified;
  RETURN done.id IS NOT NULL;
END
$$;
COMMENT ON FUNCTION complete_notification(bigint, uuid) IS 'It has been sent. False where the token is not the present one: another consumer has it, or had it.';

CREATE FUNCTION fail_notification(p_id bigint, p_token uuid, p_error text) RETURNS text
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp
AS $$
  UPDATE public.notification_queue SET
    status = CASE WHEN attempts >= attempts_max THEN 'failed' ELSE 'pending' END,
    failed_at = CASE WHEN attempts >= attempts_max THEN clock_timestamp() END,
    available_at = clock_timestamp() + least(interval '30 seconds' * power(2, attempts - 1), interval '1 hour'),
    last_error = left(p_error, 1000), lease_token = NULL, leased_until = NULL
  WHERE id = p_id AND status = 'leased' AND lease_token = p_token RETURNING status
$$;
COMMENT ON FUNCTION fail_notification(bigint, uuid, text) IS
  'It could not be sent: tried again after 30 seconds, a minute, two, …, at most an hour; failed for good after attempts_max. NULL where the token is not the present one.';

CREATE FUNCTION extend_lease(p_id bigint, p_token uuid, p_lease interval DEFAULT '1 minute') RETURNS boolean
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp
AS $$
  WITH extended AS (
    UPDATE public.notification_queue SET leased_until = clock_timestamp() + p_lease
    WHERE id = p_id AND status = 'leased' AND lease_token = p_token AND leased_until > clock_timestamp() RETURNING 1)
  SELECT EXISTS (SELECT FROM extended)
$$;
COMMENT ON FUNCTION extend_lease(bigint, uuid, interval) IS 'More time for a consumer that is slow; right before sending, it also tells whether the lease still holds.';

-- Partners ------------------------------------------------------------------------------------------------------------

CREATE FUNCTION equal_in_constant_time(a bytea, b bytea) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
  -- Every byte is looked at, whichever differ.
  SELECT octet_length(a) = octet_length(b) AND coalesce(bit_or(get_byte(a, i) # get_byte(b, i % greatest(octet_length(b), 1))), 0) = 0
  FROM generate_series(0, octet_length(a) - 1) i
$$;
COMMENT ON FUNCTION equal_in_constant_time(bytea, bytea) IS 'Whether two digests are the same, in a time that does not tell where they differ.';

CREATE FUNCTION create_partner_api_key(p_partner_name text, p_scopes text[], p_expires_at timestamptz DEFAULT NULL)
RETURNS TABLE (id uuid, api_key text)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  -- Random bytes of the server's strong source, as many as three UUIDs have.
  prefix text := left(encode(sha256(uuid_send(gen_random_uuid())), 'hex'), 12);
  secret text := encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex');
BEGIN
  INSERT INTO public.partner_api_keys (partner_name, key_prefix, key_hash, scopes, expires_at)
  VALUES (p_partner_name, prefix, sha256(convert_to(secret, 'UTF8')), p_scopes, p_expires_at) RETURNING partner_api_keys.id INTO id;
  api_key := 'atlast_' || prefix || '_' || secret;
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION create_partner_api_key(text, text[], timestamptz) IS 'A new key, shown this once and never again.';

CREATE FUNCTION verify_partner_api_key(p_api_key text, p_scope text) RETURNS uuid
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  known public.partner_api_keys;
  same  boolean;
BEGIN
  SELECT * INTO known FROM public.partner_api_keys k WHERE k.key_prefix = split_part(p_api_key, '_', 2);
  -- An unknown prefix costs the same comparison.
  same := public.equal_in_constant_time(coalesce(known.key_hash, decode(repeat('00', 32), 'hex')),
                                        sha256(convert_to(split_part(p_api_key, '_', 3), 'UTF8')));
  IF known.id IS NULL OR NOT same OR p_api_key IS DISTINCT FROM 'atlast_' || known.key_prefix || '_' || split_part(p_api_key, '_', 3)
     OR known.revoked_at IS NOT NULL OR known.expires_at <= now() OR NOT p_scope = ANY (known.scopes) THEN
    RETURN NULL;
  END IF;
  -- To the minute, so that a busy key does not write at every request.
  UPDATE public.partner_api_keys SET last_used_at = now()
  WHERE id = known.id AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute');
  RETURN known.id;
END
$$;
COMMENT ON FUNCTION verify_partner_api_key(text, text) IS 'The key''s id, where it is known, neither expired nor revoked, and has the scope; NULL otherwise, without saying why.';

CREATE FUNCTION revoke_partner_api_key(p_id uuid) RETURNS boolean
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp
AS $$
  WITH revoked AS (UPDATE public.partner_api_keys SET revoked_at = now() WHERE id = p_id AND revoked_at IS NULL RETURNING 1)
  SELECT EXISTS (SELECT FROM revoked)
$$;
COMMENT ON FUNCTION revoke_partner_api_key(uuid) IS 'Ends a key at once; false where it was revoked already or is unknown.';

REVOKE EXECUTE ON FUNCTION create_partner_api_key(text, text[], timestamptz), verify_partner_api_key(text, text), revoke_partner_api_key(uuid) FROM PUBLIC;

-- The database test ---------------------------------------------------------------------------------------------------

CREATE FUNCTION test_database() RETURNS TABLE (check_name text, ok boolean, detail text)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT 'connection', true, 'PostgreSQL ' || current_setting('server_version') || ', database ' || current_database() || ', role ' || current_user
  UNION ALL
  SELECT 'extension ' || e, x.extversion IS NOT NULL, coalesce(x.extversion, 'CREATE EXTENSION IF NOT EXISTS "' || e || '";')
  FROM unnest(ARRAY['uuid-ossp', 'pg_trgm']) e LEFT JOIN pg_extension x ON x.extname = e
  UNION ALL
  SELECT 'table ' || t, to_regclass('public.' || t) IS NOT NULL, coalesce(obj_description(to_regclass('public.' || t), 'pg_class'), 'missing')
  FROM unnest(ARRAY['oauth_states', 'oauth_sessions', 'user_sessions', 'notification_queue', 'user_uploads', 'source_accounts',
                    'user_source_follows', 'atproto_matches', 'user_match_status', 'partner_api_keys']) t
  UNION ALL
  SELECT 'index ' || i, coalesce(x.indisvalid, false), CASE WHEN x.indexrelid IS NULL THEN 'missing' WHEN NOT x.indisvalid THEN 'invalid' ELSE 'valid' END
  FROM unnest(ARRAY['idx_source_accounts_username_trgm', 'idx_source_accounts_normalized_trgm', 'idx_user_match_status_unnotified',
                    'idx_user_source_follows_source_account_id', 'idx_atproto_matches_atproto_did', 'idx_user_match_status_atproto_match_id',
                    'idx_user_uploads_did', 'idx_notification_queue_pending']) i
  LEFT JOIN pg_index x ON x.indexrelid = to_regclass('public.' || i)
  UNION ALL
  SELECT 'fuzzy matching', similarity('johndoe', 'john_doe') > 0.3 AND 'johndoe' % 'john_doe', 'similarity of johndoe and john_doe: ' || similarity('johndoe', 'john_doe')
  UNION ALL
  SELECT 'rows ' || c.name, true, c.n::text
  FROM (SELECT 'oauth_states', count(*) FROM public.oauth_states UNION ALL SELECT 'oauth_sessions', count(*) FROM public.oauth_sessions
        UNION ALL SELECT 'user_sessions', count(*) FROM public.user_sessions UNION ALL SELECT 'notification_queue', count(*) FROM public.notification_queue
        UNION ALL SELECT 'user_uploads', count(*) FROM public.user_uploads UNION ALL SELECT 'source_accounts', count(*) FROM public.source_accounts
        UNION ALL SELECT 'user_source_follows', count(*) FROM public.user_source_follows UNION ALL SELECT 'atproto_matches', count(*) FROM public.atproto_matches
        UNION ALL SELECT 'user_match_status', count(*) FROM public.user_match_status UNION ALL SELECT 'partner_api_keys', count(*) FROM public.partner_api_keys) c (name, n)
$$;
COMMENT ON FUNCTION test_database() IS 'Connectivity, extensions, tables, indexes, fuzzy matching and row counts, one line each; scripts/test-db prints it.';

COMMIT;
\endif
