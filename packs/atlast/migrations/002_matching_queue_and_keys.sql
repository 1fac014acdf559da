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

-- DOWN operations
-- DROP FUNCTION test_database(), revoke_partner_api_key(uuid), verify_partner_api_key(text, text),
--   create_partner_api_key(text, text[], timestamptz), equal_in_constant_time(bytea, bytea), extend_lease(bigint, uuid, interval),
--   fail_notification(bigint, uuid, text), complete_notification(bigint, uuid), lease_notifications(int, interval),
--   enqueue_unnotified_matches(int), enqueue_notification(text, text, jsonb, bigint, text, int), matches_of(text),
--   record_atproto_account(text, text, text, real), find_source_accounts(text, real, int);
