-- Rows as a year of use leaves them: 1,000 tenants, 20,000 files and jobs, 200,000 results, 100,000 entries of the trail.
SET session_replication_role = replica;
INSERT INTO audit_logs (occurred_at, user_id, action, table_name, record_id)
SELECT now() - (200000 - g) * interval '5 minutes', md5('u' || g % 1000)::uuid, 'UPDATE', 'processing_jobs', g::text FROM generate_series(1, 100000) g;
INSERT INTO users (id, email, password_hash, full_name)
SELECT md5('u' || g)::uuid, 'u' || g || '@atlas2.example', '$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ', 'user ' || g FROM generate_series(0, 999) g;
INSERT INTO api_configurations (id, user_id, name, base_url)
SELECT md5('a' || g)::uuid, md5('u' || g / 3)::uuid, 'api ' || g, 'https://crm.example' FROM generate_series(0, 2999) g;
INSERT INTO api_fields (user_id, api_configuration_id, name, position)
SELECT md5('u' || g / 30)::uuid, md5('a' || g / 10)::uuid, 'field' || g % 10, 1 + g % 10 FROM generate_series(0, 29999) g;
INSERT INTO mapping_configurations (id, user_id, api_configuration_id, name, field_mappings)
SELECT md5('m' || g)::uuid, md5('u' || g / 3)::uuid, md5('a' || g)::uuid, 'mapping ' || g, '{}' FROM generate_series(0, 2999) g;
INSERT INTO transformation_rules (user_id, mapping_configuration_id, target_field, rule_type)
SELECT md5('u' || g / 30)::uuid, md5('m' || g / 10)::uuid, 'field' || g % 10, 'trim' FROM generate_series(0, 29999) g;
INSERT INTO file_data (id, user_id, file_name, file_type, content, size_bytes, sha256, created_at)
SELECT md5('f' || g)::uuid, md5('u' || g % 1000)::uuid, g || '.csv', 'csv', 'x', 1, sha256(g::text::bytea), now() - g * interval '20 minutes' FROM generate_series(0, 19999) g;
INSERT INTO processing_jobs (id, user_id, file_id, mapping_configuration_id, status, created_at, started_at, finished_at)
SELECT md5('j' || g)::uuid, md5('u' || g % 1000)::uuid, md5('f' || g)::uuid, md5('m' || g % 1000 * 3)::uuid,
       CASE WHEN g < 20 THEN 'running' ELSE 'completed' END, now() - g * interval '20 minutes', now(), CASE WHEN g >= 20 THEN now() END
FROM generate_series(0, 19999) g;
INSERT INTO processing_results (job_id, user_id, row_number, status, data, errors, created_at)
SELECT md5('j' || 199 - g / 1000)::uuid, md5('u' || 199 - g / 1000)::uuid, 2 + g % 1000, CASE WHEN g % 50 = 0 THEN 'rejected' ELSE 'success' END,
       CASE WHEN g % 50 <> 0 THEN '{"id": 1, "name": "somebody", "email": "somebody@atlas2.example"}'::jsonb END, CASE WHEN g % 50 = 0 THEN '[]'::jsonb END,
       now() - (200000 - g) * interval '2 minutes'
FROM generate_series(0, 199999) g;
RESET session_replication_role;
REFRESH MATERIALIZED VIEW user_dashboard_stats;
VACUUM ANALYZE;
