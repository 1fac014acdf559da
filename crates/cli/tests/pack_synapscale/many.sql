-- Rows as a year of use leaves them: 1,000 workspaces of 2,000 users, 20,000 conversations with 100,000 messages, and what hangs on them.
SET session_replication_role = replica;
INSERT INTO users (id, email, username, full_name, password_hash)
SELECT md5('u' || g)::uuid, 'u' || g || '@synapscale.example', 'user' || g, 'user ' || g, '$2b$12$abcdefghijklmnopqrstuvwxyz0123456789' FROM generate_series(0, 1999) g;
INSERT INTO workspaces (id, owner_id, name, slug)
SELECT md5('w' || g)::uuid, md5('u' || g)::uuid, 'w' || g, 'w' || g FROM generate_series(0, 999) g;
INSERT INTO workspace_members (workspace_id, user_id, role)
SELECT md5('w' || g % 1000)::uuid, md5('u' || g % 2000)::uuid, CASE WHEN g < 1000 THEN 'owner' ELSE 'member' END FROM generate_series(0, 1999) g;
INSERT INTO user_variables (user_id, key, sealed_value)
SELECT md5('u' || g % 2000)::uuid, 'KEY_' || g / 2000, 'v1.k' || g / 100 || '.' || repeat('A', 38) FROM generate_series(0, 9999) g;
INSERT INTO llms (id, provider, name, context_window_tokens, input_price_per_million, output_price_per_million)
SELECT md5('l' || g)::uuid, 'p' || g, 'm' || g, 1000, 1, 1 FROM generate_series(0, 199) g;
INSERT INTO agents (id, workspace_id, created_by, llm_id, name)
SELECT md5('a' || g)::uuid, md5('w' || g % 1000)::uuid, md5('u' || g % 1000)::uuid, md5('l' || g % 200)::uuid, 'a' || g FROM generate_series(0, 9999) g;
INSERT INTO conversations (id, workspace_id, user_id, agent_id, updated_at)
SELECT md5('c' || g)::uuid, md5('w' || g % 1000)::uuid, md5('u' || g % 2000)::uuid, md5('a' || g % 10000)::uuid, now() - g * interval '20 minutes' FROM generate_series(0, 19999) g;
INSERT INTO messages (id, workspace_id, conversation_id, role, content, created_at)
SELECT md5('m' || g)::uuid, md5('w' || g % 1000)::uuid, md5('c' || g % 20000)::uuid, 'user', 'text', now() - g * interval '4 minutes' FROM generate_series(0, 99999) g;
INSERT INTO billing_events (workspace_id, event_type, amount, currency, description, created_at)
SELECT md5('w' || g % 1000)::uuid, 'usage', 1, 'USD', 'month', now() - g * interval '1 hour' FROM generate_series(0, 9999) g;
INSERT INTO usage_logs (workspace_id, message_id, llm_id, input_tokens, output_tokens, cost, currency, billing_event_id, created_at)
SELECT md5('w' || g % 1000)::uuid, md5('m' || g)::uuid, md5('l' || g % 200)::uuid, 1, 1, 1, 'USD', CASE WHEN g % 50 > 0 THEN 1 + g % 10000 END, now() - g * interval '8 minutes'
FROM generate_series(0, 49999) g;
INSERT INTO workflows (id, workspace_id, created_by, name)
SELECT md5('f' || g)::uuid, md5('w' || g % 1000)::uuid, md5('u' || g % 2000)::uuid, 'f' || g FROM generate_series(0, 9999) g;
INSERT INTO workflow_executions (workspace_id, workflow_id, started_by, status, created_at, finished_at)
SELECT md5('w' || g % 1000)::uuid, md5('f' || g % 10000)::uuid, md5('u' || g % 2000)::uuid, CASE WHEN g % 500 = 0 THEN 'running' ELSE 'completed' END,
       now() - g * interval '10 minutes', CASE WHEN g % 500 > 0 THEN now() END
FROM generate_series(0, 29999) g;
INSERT INTO nodes (workspace_id, workflow_id, name, node_type)
SELECT md5('w' || g % 1000)::uuid, md5('f' || g % 10000)::uuid, 'n' || g / 10000, 'agent' FROM generate_series(0, 29999) g;
INSERT INTO templates (workspace_id, created_by, name, definition)
SELECT md5('w' || g % 1000)::uuid, md5('u' || g % 2000)::uuid, 't' || g, '{}' FROM generate_series(0, 9999) g;
INSERT INTO files (id, workspace_id, owner_id, name, mime_type, size_bytes, sha256, storage_path, created_at)
SELECT md5('d' || g)::uuid, md5('w' || g % 1000)::uuid, md5('u' || g % 2000)::uuid, 'f', 'text/plain', 1, sha256('x'), 'p' || g, now() - g * interval '20 minutes' FROM generate_series(0, 19999) g;
INSERT INTO file_uploads (workspace_id, user_id, file_id, total_bytes)
SELECT md5('w' || g % 1000)::uuid, md5('u' || g % 2000)::uuid, md5('d' || g)::uuid, 1 FROM generate_series(0, 19999) g;
INSERT INTO analytics_events (workspace_id, user_id, event_name, created_at)
SELECT md5('w' || g % 1000)::uuid, md5('u' || g % 2000)::uuid, 'e' || g % 7, now() - g * interval '8 minutes' FROM generate_series(0, 49999) g;
INSERT INTO system_alerts (workspace_id, severity, title, resolved_by, created_at, resolved_at)
SELECT md5('w' || g % 1000)::uuid, 'warning', 'x', md5('u' || g % 2000)::uuid, now() - g * interval '1 hour', CASE WHEN g % 100 > 0 THEN now() END FROM generate_series(0, 9999) g;
INSERT INTO tags (workspace_id, name, target_type, target_id, created_by)
SELECT md5('w' || g % 1000)::uuid, 't' || g / 1000, 'conversation', md5('c' || g % 20000)::uuid, md5('u' || g % 2000)::uuid FROM generate_series(0, 29999) g;
INSERT INTO message_feedbacks (workspace_id, message_id, user_id, rating)
SELECT md5('w' || g % 1000)::uuid, md5('m' || g)::uuid, md5('u' || g % 2000)::uuid, 1 FROM generate_series(0, 19999) g;
RESET session_replication_role;
VACUUM ANALYZE;
