-- What belongs to the accounts that are there: everybody's sessions, uploads, follows, matches and notifications.
SET session_replication_role = replica;
INSERT INTO oauth_states (key, data, created_at, expires_at)
SELECT 'many' || g, '{}', now() - g * interval '1 second', now() + interval '1 day' FROM generate_series(1, 20000) g WHERE g < 3600 OR g % 50 = 0;
INSERT INTO oauth_sessions (did, data, created_at, expires_at)
SELECT 'did:plc:many' || g, 'x', now() - interval '15 days', now() + (g - 200) * interval '1 minute' FROM generate_series(1, 20000) g;
INSERT INTO user_sessions (did, created_at, expires_at)
SELECT 'did:plc:many' || g, now() - interval '15 days', now() + (g - 200) * interval '1 minute' FROM generate_series(1, 20000) g;
INSERT INTO user_uploads (upload_id, did, source_platform, total_users)
SELECT md5('up' || g)::uuid, 'did:plc:many' || g % 10000, 'twitter', 10 FROM generate_series(1, 20000) g;
INSERT INTO user_source_follows (upload_id, source_account_id, did)
SELECT md5('up' || g % 10000)::uuid, 1 + g, 'did:plc:many' || g % 10000 FROM generate_series(1, 39999) g;
INSERT INTO atproto_matches (source_account_id, atproto_did, atproto_handle, match_score)
SELECT g, 'did:plc:found' || g, 'found' || g || '.bsky.social', 0.9 FROM generate_series(100, 20100) g;
INSERT INTO user_match_status (did, atproto_match_id, notified, notified_at)
SELECT 'did:plc:many' || m.source_account_id, m.id, m.source_account_id % 100 <> 0, CASE WHEN m.source_account_id % 100 <> 0 THEN now() END FROM atproto_matches m;
INSERT INTO notification_queue (did, atproto_match_id, dedupe_key, status, available_at, lease_token, leased_until, sent_at)
SELECT 'did:plc:many' || m.source_account_id, m.id, 'many' || m.id,
       CASE WHEN m.source_account_id % 100 = 0 THEN 'pending' WHEN m.source_account_id % 100 = 1 THEN 'leased' ELSE 'sent' END, now() - interval '1 hour',
       CASE WHEN m.source_account_id % 100 = 1 THEN uuid_generate_v4() END, CASE WHEN m.source_account_id % 100 = 1 THEN now() END,
       CASE WHEN m.source_account_id % 100 > 1 THEN now() - m.source_account_id * interval '130 seconds' END
FROM atproto_matches m;
RESET session_replication_role;
VACUUM ANALYZE;
