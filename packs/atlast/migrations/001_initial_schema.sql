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

-- DOWN operations
-- DROP FUNCTION cleanup_transient_data();
-- DROP TABLE cleanup_runs, partner_api_keys, notification_queue, user_match_status, atproto_matches, user_source_follows, source_accounts,
--   user_uploads, user_sessions, oauth_sessions, oauth_states;
-- -- The extensions stay: another schema of the database may use them.
