-- Test data for local development. Deterministic, and harmless twice: every row has a key that it keeps.

INSERT INTO user_uploads (upload_id, did, source_platform, total_users)
SELECT uuid_generate_v5(uuid_ns_url(), 'atlast:upload:' || person || platform), 'did:plc:test' || person, platform, 8
FROM unnest(ARRAY['alice', 'bob']) person, unnest(ARRAY['instagram', 'tiktok']) platform
ON CONFLICT DO NOTHING;

INSERT INTO source_accounts (source_platform, source_username, display_name)
SELECT platform, name, initcap(replace(name, '_', ' '))
FROM unnest(ARRAY['instagram', 'tiktok']) platform,
     unnest(ARRAY['john_doe', 'jane.smith', 'maria_silva', 'joao.souza', 'wei_chen', 'fatima_ali', 'olga_ivanova', 'peter_meyer']) name
ON CONFLICT DO NOTHING;

INSERT INTO user_source_follows (upload_id, source_account_id, did, source_date)
SELECT u.upload_id, a.id, u.did, timestamptz '2024-01-01 12:00+00'
FROM user_uploads u JOIN source_accounts a ON a.source_platform = u.source_platform
WHERE u.did IN ('did:plc:testalice', 'did:plc:testbob')
  AND a.source_username IN ('john_doe', 'jane.smith', 'maria_silva', 'joao.souza', 'wei_chen', 'fatima_ali', 'olga_ivanova', 'peter_meyer')
ON CONFLICT DO NOTHING;

-- Three accounts that the Tap server would have seen: the same name, a similar one, and one that nobody follows.
SELECT count(*) FROM record_atproto_account('did:plc:testjohndoe', 'johndoe.bsky.social', 'John Doe');
SELECT count(*) FROM record_atproto_account('did:plc:testmaria', 'mariasilva2.bsky.social', 'Maria Silva');
SELECT count(*) FROM record_atproto_account('did:plc:testnobody', 'zzyzx.bsky.social', 'Nobody');

INSERT INTO oauth_states (key, data, created_at, expires_at) VALUES
  ('test-state', '{"verifier": "test"}', timestamptz '2024-01-01 12:00+00', timestamptz '2024-01-01 13:00+00')
ON CONFLICT DO NOTHING;

INSERT INTO notification_queue (did, dedupe_key, payload) VALUES ('did:plc:testalice', 'test:welcome:alice', '{"text": "welcome"}')
ON CONFLICT DO NOTHING;
