-- ponte: allow add-check: this file follows the first at once, while the tables are empty
-- ponte: allow create-index: this file follows the first at once, while the tables are empty
-- ponte: without-rows this file follows the first at once, while the tables are empty

-- What makes the common questions quick, and what keeps nonsense out; the materialized view of the dashboard; maintenance.

-- UP operations

-- Indexes -------------------------------------------------------------------------------------------------------------
-- Each foreign key, and the questions that the application asks all day.

CREATE UNIQUE INDEX users_email_key ON users (lower(email));
CREATE INDEX file_data_user_id_created_at_idx ON file_data (user_id, created_at DESC);
CREATE INDEX api_fields_user_id_idx ON api_fields (user_id);
CREATE INDEX api_fields_api_configuration_id_position_idx ON api_fields (api_configuration_id, user_id, position);
CREATE INDEX mapping_configurations_api_configuration_id_idx ON mapping_configurations (api_configuration_id, user_id);
CREATE INDEX transformation_rules_user_id_idx ON transformation_rules (user_id);
CREATE INDEX transformation_rules_mapping_configuration_id_idx ON transformation_rules (mapping_configuration_id, user_id);
CREATE INDEX processing_jobs_user_id_status_created_at_idx ON processing_jobs (user_id, status, created_at DESC);
CREATE INDEX processing_jobs_file_id_idx ON processing_jobs (file_id, user_id);
CREATE INDEX processing_jobs_mapping_configuration_id_idx ON processing_jobs (mapping_configuration_id, user_id);
CREATE INDEX processing_jobs_unfinished_idx ON processing_jobs (status, created_at) WHERE status IN ('pending', 'running');
-- Results of a job are found by the primary key. These two are small: few rows are rejected, and time follows the order of writing.
CREATE INDEX processing_results_rejected_idx ON processing_results (job_id, row_number) WHERE status = 'rejected';
CREATE INDEX processing_results_created_at_idx ON processing_results USING brin (created_at);
CREATE INDEX audit_logs_user_id_occurred_at_idx ON audit_logs (user_id, occurred_at DESC);
CREATE INDEX audit_logs_table_name_record_id_idx ON audit_logs (table_name, record_id);
CREATE INDEX audit_logs_occurred_at_idx ON audit_logs USING brin (occurred_at);

-- Constraints ---------------------------------------------------------------------------------------------------------

ALTER TABLE users
  ADD CONSTRAINT users_email_shape CHECK (email ~ '^[^[:space:]@]+@[^[:space:]@]+[.][^[:space:]@]+$' AND char_length(email) <= 254),
  ADD CONSTRAINT users_password_hash_shape CHECK (password_hash ~ '^[$][A-Za-z0-9-]+[$].{20,}$'),
  ADD CONSTRAINT users_full_name_length CHECK (char_length(btrim(full_name)) BETWEEN 1 AND 200),
  ADD CONSTRAINT users_role_known CHECK (role IN ('user', 'admin'));
ALTER TABLE file_data
  ADD CONSTRAINT file_data_file_name_length CHECK (char_length(file_name) BETWEEN 3 AND 255 AND file_name !~ '[/\\[:cntrl:]]'),
  ADD CONSTRAINT file_data_encoding_known CHECK (encoding IN ('UTF8', 'LATIN1', 'WIN1252')),
  ADD CONSTRAINT file_data_delimiter_known CHECK (delimiter IN (',', ';', E'\t', '|')),
  ADD CONSTRAINT file_data_size_positive CHECK (size_bytes > 0),
  ADD CONSTRAINT file_data_sha256_length CHECK (octet_length(sha256) = 32),
  ADD CONSTRAINT file_data_purged_whole CHECK ((content IS NULL) = (purged_at IS NOT NULL));
ALTER TABLE api_configurations
  ADD CONSTRAINT api_configurations_name_length CHECK (char_length(btrim(name)) BETWEEN 1 AND 100),
  ADD CONSTRAINT api_configurations_base_url_shape CHECK (base_url ~ '^https?://[^[:space:]@]+$'),
  ADD CONSTRAINT api_configurations_method_known CHECK (method IN ('POST', 'PUT', 'PATCH')),
  ADD CONSTRAINT api_configurations_headers_object CHECK (jsonb_typeof(headers) = 'object'),
  ADD CONSTRAINT api_configurations_headers_without_secrets CHECK (headers::text !~* '"(proxy-)?(authorization|x-api-key|api-key|cookie)" *:'),
  ADD CONSTRAINT api_configurations_auth_type_known CHECK (auth_type IN ('none', 'basic', 'bearer', 'api_key')),
  ADD CONSTRAINT api_configurations_secret_named CHECK ((auth_type = 'none') = (secret_name IS NULL)),
  ADD CONSTRAINT api_configurations_timeout_range CHECK (timeout_ms BETWEEN 100 AND 600000);
ALTER TABLE api_fields
  ADD CONSTRAINT api_fields_name_shape CHECK (name ~ '^[A-Za-z_][A-Za-z0-9_.-]{0,62}$'),
  ADD CONSTRAINT api_fields_data_type_known CHECK (data_type IN ('text', 'integer', 'number', 'boolean', 'date', 'timestamp', 'email', 'uuid')),
  ADD CONSTRAINT api_fields_max_length_positive CHECK (max_length > 0),
  ADD CONSTRAINT api_fields_allowed_values_some CHECK (cardinality(allowed_values) > 0),
  ADD CONSTRAINT api_fields_position_positive CHECK (position > 0);
ALTER TABLE mapping_configurations
  ADD CONSTRAINT mapping_configurations_name_length CHECK (char_length(btrim(name)) BETWEEN 1 AND 100),
  ADD CONSTRAINT mapping_configurations_field_mappings_texts CHECK (
    jsonb_typeof(field_mappings) = 'object' AND NOT jsonb_path_exists(field_mappings, '$.* ? (@.type() != "string")'));
ALTER TABLE transformation_rules
  ADD CONSTRAINT transformation_rules_position_positive CHECK (position > 0),
  ADD CONSTRAINT transformation_rules_rule_type_known CHECK (rule_type IN ('trim', 'upper', 'lower', 'digits', 'replace', 'regex_replace',
    'prefix', 'suffix', 'pad_left', 'substring', 'split_part', 'default', 'constant', 'lookup', 'date', 'decimal_comma', 'concat')),
  ADD CONSTRAINT transformation_rules_parameters_object CHECK (jsonb_typeof(parameters) = 'object');
ALTER TABLE processing_jobs
  ADD CONSTRAINT processing_jobs_status_known CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
  ADD CONSTRAINT processing_jobs_counts_positive CHECK (checkpoint_bytes >= 0 AND checkpoint_line >= 1 AND rows_succeeded >= 0 AND rows_rejected >= 0 AND attempts >= 0),
  ADD CONSTRAINT processing_jobs_started CHECK (status NOT IN ('running', 'completed') OR started_at IS NOT NULL),
  ADD CONSTRAINT processing_jobs_finished CHECK ((status IN ('completed', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
  ADD CONSTRAINT processing_jobs_failure_explained CHECK (status <> 'failed' OR error_message IS NOT NULL);
ALTER TABLE processing_results
  ADD CONSTRAINT processing_results_row_number_positive CHECK (row_number > 0),
  ADD CONSTRAINT processing_results_outcome CHECK (
    status = 'success' AND data IS NOT NULL AND errors IS NULL OR status = 'rejected' AND data IS NULL AND errors IS NOT NULL),
  ADD CONSTRAINT processing_results_response_status_range CHECK (response_status BETWEEN 100 AND 599);
ALTER TABLE audit_logs
  ADD CONSTRAINT audit_logs_action_known CHECK (action IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')),
  ADD CONSTRAINT audit_logs_row_count_positive CHECK (row_count > 0);
ALTER TABLE system_settings
  ADD CONSTRAINT system_settings_key_shape CHECK (key ~ '^[a-z][a-z0-9_]{0,62}$');

-- The dashboard -------------------------------------------------------------------------------------------------------
-- Policies do not bind materialized views, so nobody but the owner may read this one; my_dashboard_stats() shows each tenant its row.

CREATE MATERIALIZED VIEW user_dashboard_stats AS
SELECT u.id AS user_id,
       coalesce(f.files, 0)            AS files,
       coalesce(f.bytes, 0)::bigint    AS file_bytes,
       coalesce(j.total, 0)            AS total_jobs,
       coalesce(j.completed, 0)        AS completed_jobs,
       coalesce(j.failed, 0)           AS failed_jobs,
       coalesce(j.succeeded, 0)::bigint AS rows_succeeded,
       coalesce(j.rejected, 0)::bigint AS rows_rejected,
       j.last_job_at,
       now()                           AS refreshed_at
FROM users u
LEFT JOIN (SELECT user_id, count(*) AS files, sum(size_bytes) AS bytes FROM file_data GROUP BY user_id) f ON f.user_id = u.id
LEFT JOIN (SELECT user_id, count(*) AS total, count(*) FILTER (WHERE status = 'completed') AS completed,
                  count(*) FILTER (WHERE status = 'failed') AS failed, sum(rows_succeeded) AS succeeded, sum(rows_rejected) AS rejected,
                  max(created_at) AS last_job_at
           FROM processing_jobs GROUP BY user_id) j ON j.user_id = u.id;
CREATE UNIQUE INDEX user_dashboard_stats_user_id_key ON user_dashboard_stats (user_id);
COMMENT ON MATERIALIZED VIEW user_dashboard_stats IS 'User dashboard statistics (refreshed periodically). For the owner; tenants read my_dashboard_stats().';
COMMENT ON COLUMN user_dashboard_stats.refreshed_at IS 'How old the numbers are.';

CREATE FUNCTION my_dashboard_stats() RETURNS SETOF user_dashboard_stats
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$ SELECT * FROM public.user_dashboard_stats WHERE user_id = public.current_user_id() $$;
COMMENT ON FUNCTION my_dashboard_stats() IS 'The tenant''s row of user_dashboard_stats.';

CREATE FUNCTION refresh_user_dashboard_stats() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  -- Readers go on reading the old numbers meanwhile.
  REFRESH MATERIALIZED VIEW CONCURRENTLY public.user_dashboard_stats;
END
$$;
COMMENT ON FUNCTION refresh_user_dashboard_stats() IS 'Brings user_dashboard_stats up to date without locking readers out.';

-- Maintenance ---------------------------------------------------------------------------------------------------------

CREATE FUNCTION expire_timed_out_jobs() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  limit_seconds int := public.system_setting('job_timeout')::text::int;
  expired bigint;
BEGIN
  UPDATE public.processing_jobs
  SET status = 'failed', finished_at = now(), error_message = format('timed out after %s seconds', limit_seconds)
  WHERE id IN (SELECT id FROM public.processing_jobs
               WHERE status = 'running' AND started_at < now() - make_interval(secs => limit_seconds)
               FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS expired = ROW_COUNT;
  RETURN expired;
END
$$;
COMMENT ON FUNCTION expire_timed_out_jobs() IS
  'Fails the running jobs that are over job_timeout, and answers how many. One whose batch is being written at this moment is left to that batch.';

CREATE FUNCTION cleanup_old_data() RETURNS TABLE (table_name text, action text, row_count bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  files_days   int := nullif(public.system_setting('file_data_retention_days'), 'null')::text::int;
  results_days int := nullif(public.system_setting('processing_results_retention_days'), 'null')::text::int;
BEGIN
  table_name := 'processing_jobs'; action := 'timed out'; row_count := public.expire_timed_out_jobs();
  RETURN NEXT;

  -- Where partitioning is switched on, whole months go first.
  IF to_regproc('public.maintain_partitions') IS NOT NULL THEN
    RETURN QUERY EXECUTE 'SELECT * FROM public.maintain_partitions()';
  END IF;

  DELETE FROM public.audit_logs
  WHERE occurred_at < now() - make_interval(days => public.system_setting('audit_log_retention_days')::text::int);
  GET DIAGNOSTICS row_count = ROW_COUNT;
  table_name := 'audit_logs'; action := 'deleted';
  RETURN NEXT;

  -- Whatever an unfinished job still needs stays, however old it is.
  DELETE FROM public.processing_results r USING public.processing_jobs j
  WHERE j.id = r.job_id AND j.status IN ('completed', 'failed', 'cancelled') AND j.finished_at < now() - make_interval(days => results_days);
  GET DIAGNOSTICS row_count = ROW_COUNT;
  table_name := 'processing_results'; action := 'deleted';
  RETURN NEXT;

  UPDATE public.file_data f SET content = NULL, purged_at = now()
  WHERE f.content IS NOT NULL AND f.created_at < now() - make_interval(days => files_days)
    AND NOT EXISTS (SELECT FROM public.processing_jobs j WHERE j.file_id = f.id AND j.status IN ('pending', 'running'));
  GET DIAGNOSTICS row_count = ROW_COUNT;
  table_name := 'file_data'; action := 'content purged';
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION cleanup_old_data() IS
  'Removes what is older than the *_retention_days of system_settings allow, fails jobs over job_timeout, and reports how many rows of what. Without a setting, files and results are kept.';

REVOKE EXECUTE ON FUNCTION my_dashboard_stats(), refresh_user_dashboard_stats(), expire_timed_out_jobs(), cleanup_old_data() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION my_dashboard_stats() TO atlas2_app, atlas2_readonly;
GRANT EXECUTE ON FUNCTION refresh_user_dashboard_stats(), expire_timed_out_jobs() TO atlas2_app;

-- DOWN operations
-- DROP FUNCTION cleanup_old_data(), expire_timed_out_jobs(), refresh_user_dashboard_stats(), my_dashboard_stats();
-- DROP MATERIALIZED VIEW user_dashboard_stats;
-- ALTER TABLE system_settings DROP CONSTRAINT system_settings_key_shape;
-- ALTER TABLE audit_logs DROP CONSTRAINT audit_logs_row_count_positive, DROP CONSTRAINT audit_logs_action_known;
-- ALTER TABLE processing_results DROP CONSTRAINT processing_results_response_status_range, DROP CONSTRAINT processing_results_outcome,
--   DROP CONSTRAINT processing_results_row_number_positive;
-- ALTER TABLE processing_jobs DROP CONSTRAINT processing_jobs_failure_explained, DROP CONSTRAINT processing_jobs_finished,
--   DROP CONSTRAINT processing_jobs_started, DROP CONSTRAINT processing_jobs_counts_positive, DROP CONSTRAINT processing_jobs_status_known;
-- ALTER TABLE transformation_rules DROP CONSTRAINT transformation_rules_parameters_object,
--   DROP CONSTRAINT transformation_rules_rule_type_known, DROP CONSTRAINT transformation_rules_position_positive;
-- ALTER TABLE mapping_configurations DROP CONSTRAINT mapping_configurations_field_mappings_texts,
--   DROP CONSTRAINT mapping_configurations_name_length;
-- ALTER TABLE api_fields DROP CONSTRAINT api_fields_position_positive, DROP CONSTRAINT api_fields_allowed_values_some,
--   DROP CONSTRAINT api_fields_max_length_positive, DROP CONSTRAINT api_fields_data_type_known, DROP CONSTRAINT api_fields_name_shape;
-- ALTER TABLE api_configurations DROP CONSTRAINT api_configurations_timeout_range, DROP CONSTRAINT api_configurations_secret_named,
--   DROP CONSTRAINT api_configurations_auth_type_known, DROP CONSTRAINT api_configurations_headers_without_secrets,
--   DROP CONSTRAINT api_configurations_headers_object, DROP CONSTRAINT api_configurations_method_known,
--   DROP CONSTRAINT api_configurations_base_url_shape, DROP CONSTRAINT api_configurations_name_length;
-- ALTER TABLE file_data DROP CONSTRAINT file_data_purged_whole, DROP CONSTRAINT file_data_sha256_length,
--   DROP CONSTRAINT file_data_size_positive, DROP CONSTRAINT file_data_delimiter_known, DROP CONSTRAINT file_data_encoding_known,
--   DROP CONSTRAINT file_data_file_name_length;
-- ALTER TABLE users DROP CONSTRAINT users_role_known, DROP CONSTRAINT users_full_name_length, DROP CONSTRAINT users_password_hash_shape,
--   DROP CONSTRAINT users_email_shape;
-- DROP INDEX audit_logs_occurred_at_idx, audit_logs_table_name_record_id_idx, audit_logs_user_id_occurred_at_idx,
--   processing_results_created_at_idx, processing_results_rejected_idx, processing_jobs_unfinished_idx,
--   processing_jobs_mapping_configuration_id_idx, processing_jobs_file_id_idx, processing_jobs_user_id_status_created_at_idx,
--   transformation_rules_mapping_configuration_id_idx, transformation_rules_user_id_idx,
--   mapping_configurations_api_configuration_id_idx, api_fields_api_configuration_id_position_idx, api_fields_user_id_idx,
--   file_data_user_id_created_at_idx, users_email_key;
