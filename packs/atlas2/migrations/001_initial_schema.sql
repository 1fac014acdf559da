-- ponte: allow foreign-key-without-index: the next file makes the index of every foreign key

-- Atlas2: CSV files come in, jobs map and transform their rows, results go out. Every row belongs to one user, the tenant.
--
-- Runs by itself (psql -f) and by ponte migrate up. It needs a role that may create in the schema public and, unless both roles exist
-- already, CREATEROLE.

-- UP operations

-- Roles belong to the whole server: another database may have made them already.
DO $roles$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['atlas2_app', 'atlas2_readonly'] LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
      BEGIN
        EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', wanted);
      EXCEPTION
        WHEN duplicate_object OR unique_violation THEN NULL; -- somebody else was quicker
        WHEN insufficient_privilege THEN
          RAISE EXCEPTION 'role % does not exist, and % may not create it', wanted, current_user
            USING ERRCODE = 'insufficient_privilege', HINT = pg_catalog.format('Have an administrator run: CREATE ROLE %I NOLOGIN;', wanted);
      END;
    END IF;
  END LOOP;
END
$roles$;

-- Who is asking -------------------------------------------------------------------------------------------------------

CREATE FUNCTION current_user_id() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(pg_catalog.current_setting('app.current_user_id', true), '')::pg_catalog.uuid $$;
COMMENT ON FUNCTION current_user_id() IS
  'The tenant of this transaction: what the application set with set_config(''app.current_user_id'', ID, true). Nobody, unless it did.';

-- Tables --------------------------------------------------------------------------------------------------------------

CREATE TABLE users (
  id                uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  email             text        NOT NULL,
  password_hash     text        NOT NULL,
  full_name         text        NOT NULL,
  role              text        NOT NULL DEFAULT 'user',
  is_active         boolean     NOT NULL DEFAULT true,
  email_verified_at timestamptz,
  last_login_at     timestamptz,
  created_at        timestamptz NOT NULL DEFAULT now(),
  updated_at        timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE users IS 'User accounts and authentication. A user is a tenant: everything else belongs to one.';
COMMENT ON COLUMN users.email IS 'Unique regardless of case.';
COMMENT ON COLUMN users.password_hash IS 'As the application''s password hash prints it ($argon2id$…, $2b$…); a plain password is refused.';
COMMENT ON COLUMN users.role IS 'user or admin, for the application to interpret. The application''s database role cannot change it.';
COMMENT ON COLUMN users.is_active IS 'False locks the account without deleting anything.';

CREATE TABLE file_data (
  id          uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id     uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  file_name   text        NOT NULL,
  file_type   text        NOT NULL,
  content     bytea,
  size_bytes  bigint      NOT NULL,
  sha256      bytea       NOT NULL,
  encoding    text,
  delimiter   text        NOT NULL DEFAULT ',',
  purged_at   timestamptz,
  created_at  timestamptz NOT NULL DEFAULT now(),
  UNIQUE (id, user_id),
  UNIQUE (user_id, sha256)
);
-- Uncompressed, so that a slice can be read without reading what is before it.
ALTER TABLE file_data ALTER COLUMN content SET STORAGE EXTERNAL;
COMMENT ON TABLE file_data IS 'Raw CSV file storage: each upload byte for byte, once per user.';
COMMENT ON COLUMN file_data.file_type IS 'The extension of file_name in lower case; system_settings.allowed_file_types says which may come in.';
COMMENT ON COLUMN file_data.content IS 'The bytes as they were uploaded. NULL once retention has purged them.';
COMMENT ON COLUMN file_data.size_bytes IS 'Length of content when it was uploaded, set by a trigger; at most system_settings.max_file_size.';
COMMENT ON COLUMN file_data.sha256 IS 'Digest of content, set by a trigger. With user_id it is unique: the same file again is the same upload.';
COMMENT ON COLUMN file_data.encoding IS 'UTF8, LATIN1 or WIN1252. NULL lets the first job find out: UTF8 where the bytes are valid, LATIN1 where not.';
COMMENT ON COLUMN file_data.delimiter IS 'What stands between two fields: comma, semicolon, tab or vertical bar.';
COMMENT ON COLUMN file_data.purged_at IS 'When retention took the content away.';

CREATE TABLE api_configurations (
  id          uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id     uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name        text        NOT NULL,
  base_url    text        NOT NULL,
  method      text        NOT NULL DEFAULT 'POST',
  headers     jsonb       NOT NULL DEFAULT '{}',
  auth_type   text        NOT NULL DEFAULT 'none',
  secret_name text,
  timeout_ms  integer     NOT NULL DEFAULT 30000,
  is_active   boolean     NOT NULL DEFAULT true,
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now(),
  UNIQUE (id, user_id),
  UNIQUE (user_id, name)
);
COMMENT ON TABLE api_configurations IS 'External API configurations: where the results of a job go.';
COMMENT ON COLUMN api_configurations.headers IS 'Headers of each request, one JSON object. Credentials are refused here; see secret_name.';
COMMENT ON COLUMN api_configurations.auth_type IS 'none, basic, bearer or api_key: what the application makes of the secret.';
COMMENT ON COLUMN api_configurations.secret_name IS 'Under which name the application''s secret store holds the credential. The credential itself never comes here.';
COMMENT ON COLUMN api_configurations.timeout_ms IS 'How long the application waits for an answer, in milliseconds.';

CREATE TABLE api_fields (
  id                   uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id              uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  api_configuration_id uuid        NOT NULL,
  name                 text        NOT NULL,
  data_type            text        NOT NULL DEFAULT 'text',
  is_required          boolean     NOT NULL DEFAULT false,
  max_length           integer,
  pattern              text,
  allowed_values       text[],
  position             integer     NOT NULL,
  created_at           timestamptz NOT NULL DEFAULT now(),
  updated_at           timestamptz NOT NULL DEFAULT now(),
  UNIQUE (api_configuration_id, name),
  FOREIGN KEY (api_configuration_id, user_id) REFERENCES api_configurations (id, user_id) ON DELETE CASCADE
);
COMMENT ON TABLE api_fields IS 'Expected fields for API integrations. What a row must hold to be accepted is said here.';
COMMENT ON COLUMN api_fields.name IS 'The key in the JSON of a result.';
COMMENT ON COLUMN api_fields.data_type IS 'text, integer, number, boolean, date, timestamp, email or uuid. Numbers and booleans become JSON numbers and booleans.';
COMMENT ON COLUMN api_fields.max_length IS 'In characters, after transformation.';
COMMENT ON COLUMN api_fields.pattern IS 'A regular expression that the transformed value must match.';
COMMENT ON COLUMN api_fields.allowed_values IS 'The only values that may come out, where there are only some.';
COMMENT ON COLUMN api_fields.position IS 'Order of the fields.';

CREATE TABLE mapping_configurations (
  id                   uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id              uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  api_configuration_id uuid        NOT NULL,
  name                 text        NOT NULL,
  field_mappings       jsonb       NOT NULL,
  is_active            boolean     NOT NULL DEFAULT true,
  created_at           timestamptz NOT NULL DEFAULT now(),
  updated_at           timestamptz NOT NULL DEFAULT now(),
  UNIQUE (id, user_id),
  UNIQUE (user_id, name),
  FOREIGN KEY (api_configuration_id, user_id) REFERENCES api_configurations (id, user_id) ON DELETE CASCADE
);
COMMENT ON TABLE mapping_configurations IS 'Field mapping configurations: which column of a CSV file fills which field of an API.';
COMMENT ON COLUMN mapping_configurations.field_mappings IS '{"field of api_fields": "column of the file"}; a field that is left out is filled by its rules alone.';

CREATE TABLE transformation_rules (
  id                       uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id                  uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  mapping_configuration_id uuid        NOT NULL,
  target_field             text        NOT NULL,
  position                 integer     NOT NULL DEFAULT 1,
  rule_type                text        NOT NULL,
  parameters               jsonb       NOT NULL DEFAULT '{}',
  created_at               timestamptz NOT NULL DEFAULT now(),
  updated_at               timestamptz NOT NULL DEFAULT now(),
  UNIQUE (mapping_configuration_id, target_field, position),
  FOREIGN KEY (mapping_configuration_id, user_id) REFERENCES mapping_configurations (id, user_id) ON DELETE CASCADE
);
COMMENT ON TABLE transformation_rules IS 'Data transformation rules, applied to a field one after the other before it is checked.';
COMMENT ON COLUMN transformation_rules.target_field IS 'The field of api_fields that the rule changes.';
COMMENT ON COLUMN transformation_rules.position IS 'Order among the rules of one field.';
COMMENT ON COLUMN transformation_rules.rule_type IS 'trim, upper, lower, digits, replace, regex_replace, prefix, suffix, pad_left, substring, split_part, default, constant, lookup, date, decimal_comma or concat.';
COMMENT ON COLUMN transformation_rules.parameters IS 'What the rule needs, by rule_type; see the README.';

CREATE TABLE processing_jobs (
  id                       uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id                  uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  file_id                  uuid        NOT NULL,
  mapping_configuration_id uuid,
  status                   text        NOT NULL DEFAULT 'pending',
  headers                  text[],
  checkpoint_bytes         bigint      NOT NULL DEFAULT 0,
  checkpoint_line          bigint      NOT NULL DEFAULT 1,
  rows_succeeded           bigint      NOT NULL DEFAULT 0,
  rows_rejected            bigint      NOT NULL DEFAULT 0,
  attempts                 integer     NOT NULL DEFAULT 0,
  error_message            text,
  created_at               timestamptz NOT NULL DEFAULT now(),
  started_at               timestamptz,
  finished_at              timestamptz,
  updated_at               timestamptz NOT NULL DEFAULT now(),
  UNIQUE (id, user_id),
  FOREIGN KEY (file_id, user_id) REFERENCES file_data (id, user_id) ON DELETE CASCADE,
  FOREIGN KEY (mapping_configuration_id, user_id) REFERENCES mapping_configurations (id, user_id)
);
COMMENT ON TABLE processing_jobs IS 'CSV file processing jobs. How far a job has come is here, so that another process can go on with it.';
COMMENT ON COLUMN processing_jobs.mapping_configuration_id IS 'NULL takes every column as it is. A mapping that jobs used cannot be deleted while they are there.';
COMMENT ON COLUMN processing_jobs.status IS 'pending, running, completed, failed or cancelled.';
COMMENT ON COLUMN processing_jobs.headers IS 'The names in the file''s first line, once it has been read.';
COMMENT ON COLUMN processing_jobs.checkpoint_bytes IS 'Everything before this byte of the file is in processing_results; written in the same transaction.';
COMMENT ON COLUMN processing_jobs.checkpoint_line IS 'The line of the file that begins at checkpoint_bytes.';
COMMENT ON COLUMN processing_jobs.attempts IS 'How often it was started, resumptions included.';
COMMENT ON COLUMN processing_jobs.started_at IS 'When the present attempt began; job_timeout counts from here.';

CREATE TABLE processing_results (
  job_id          uuid        NOT NULL,
  user_id         uuid        NOT NULL,
  row_number      bigint      NOT NULL,
  status          text        NOT NULL,
  data            jsonb,
  errors          jsonb,
  raw             text,
  sent_at         timestamptz,
  response_status integer,
  created_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (job_id, row_number),
  FOREIGN KEY (job_id, user_id) REFERENCES processing_jobs (id, user_id) ON DELETE CASCADE
);
COMMENT ON TABLE processing_results IS 'Results of processed data rows: what each row became, or why it was rejected.';
COMMENT ON COLUMN processing_results.row_number IS 'The line of the file on which the row begins; the header is line 1.';
COMMENT ON COLUMN processing_results.status IS 'success or rejected.';
COMMENT ON COLUMN processing_results.data IS 'The mapped and transformed row of a success.';
COMMENT ON COLUMN processing_results.errors IS 'Of a rejected row: [{"column": number in the file, "field": name, "reason": text}], one for each thing that is wrong.';
COMMENT ON COLUMN processing_results.raw IS 'Of a rejected row: its text as it stood in the file, the first 10,000 characters.';
COMMENT ON COLUMN processing_results.sent_at IS 'When the application delivered it to the API.';
COMMENT ON COLUMN processing_results.response_status IS 'The HTTP status that the API answered with.';

CREATE TABLE audit_logs (
  id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  occurred_at timestamptz NOT NULL DEFAULT now(),
  user_id     uuid,
  actor_id    uuid,
  db_role     text        NOT NULL DEFAULT session_user,
  client_addr inet        DEFAULT inet_client_addr(),
  action      text        NOT NULL,
  table_name  text        NOT NULL,
  record_id   text,
  row_count   bigint      NOT NULL DEFAULT 1,
  old_values  jsonb,
  new_values  jsonb
);
COMMENT ON TABLE audit_logs IS 'Audit trail for system actions: every change of data, written by triggers, only ever added to.';
COMMENT ON COLUMN audit_logs.user_id IS 'The tenant whose data changed; no foreign key, because the trail outlives the account. NULL for system_settings.';
COMMENT ON COLUMN audit_logs.actor_id IS 'The tenant on whose behalf the application acted. NULL for work of the operators.';
COMMENT ON COLUMN audit_logs.db_role IS 'The role that was logged in.';
COMMENT ON COLUMN audit_logs.record_id IS 'Primary key of the changed row; of rows that a job wrote or lost together, the job.';
COMMENT ON COLUMN audit_logs.row_count IS 'How many rows this entry speaks of: 1, but for rows that a job wrote or lost together.';
COMMENT ON COLUMN audit_logs.old_values IS 'The row before, without password hashes and file contents.';
COMMENT ON COLUMN audit_logs.new_values IS 'The row after, the same way.';

CREATE TABLE system_settings (
  key         text        PRIMARY KEY,
  value       jsonb       NOT NULL,
  description text        NOT NULL,
  updated_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE system_settings IS 'System-wide configuration settings, read by the triggers and functions at every use.';
COMMENT ON COLUMN system_settings.value IS 'A number, a list or null, as the key asks for; others are refused.';

-- Settings ------------------------------------------------------------------------------------------------------------

CREATE FUNCTION system_setting(p_key text) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT coalesce(
    (SELECT value FROM public.system_settings WHERE key = p_key),
    CASE p_key
      WHEN 'max_file_size' THEN '52428800'
      WHEN 'allowed_file_types' THEN '["csv", "tsv", "txt"]'
      WHEN 'max_concurrent_jobs' THEN '3'
      WHEN 'job_timeout' THEN '3600'
      WHEN 'audit_log_retention_days' THEN '365'
      ELSE 'null'
    END::jsonb)
$$;
COMMENT ON FUNCTION system_setting(text) IS 'What system_settings says, or the documented default where it says nothing.';

CREATE FUNCTION validate_system_setting() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  fault text;
BEGIN
  CASE
    WHEN NEW.key IN ('max_file_size', 'max_concurrent_jobs', 'job_timeout', 'audit_log_retention_days') THEN
      IF jsonb_typeof(NEW.value) <> 'number' OR NEW.value::text !~ '^[1-9][0-9]{0,9}$' THEN
        fault := 'a whole number from 1';
      ELSIF NEW.key = 'max_file_size' AND NEW.value::numeric > 1000000000 THEN
        fault := 'at most 1000000000, which is what one value of PostgreSQL holds';
      END IF;
    WHEN NEW.key IN ('file_data_retention_days', 'processing_results_retention_days') THEN
      IF NEW.value <> 'null' AND NEW.value::text !~ '^[1-9][0-9]{0,9}$' THEN
        fault := 'a whole number from 1, or null to keep everything';
      END IF;
    WHEN NEW.key = 'allowed_file_types' THEN
      IF jsonb_typeof(NEW.value) <> 'array' OR NEW.value = '[]' OR NEW.value::text !~ '^\[("[a-z0-9]{1,10}"(, )?)+\]$' THEN
        fault := 'a list of extensions in lower case, such as ["csv", "txt"]';
      END IF;
    ELSE NULL; -- settings of the application's own
  END CASE;
  IF fault IS NOT NULL THEN
    RAISE EXCEPTION 'system_settings.% must be %', NEW.key, fault USING ERRCODE = 'check_violation';
  END IF;
  NEW.updated_at := now();
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION validate_system_setting() IS 'Refuses values that the functions could not work with.';
CREATE TRIGGER validate_system_setting BEFORE INSERT OR UPDATE ON system_settings
  FOR EACH ROW EXECUTE FUNCTION validate_system_setting();

-- Checks from the settings --------------------------------------------------------------------------------------------

CREATE FUNCTION check_upload(p_file_name text, p_size_bytes bigint) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  size_max  bigint := public.system_setting('max_file_size')::text::bigint;
  types     jsonb  := public.system_setting('allowed_file_types');
  extension text   := lower(coalesce(substring(p_file_name FROM '[.]([^.]*)$'), ''));
BEGIN
  IF NOT types ? extension THEN
    RAISE EXCEPTION 'files of type "%" may not be uploaded', extension
      USING ERRCODE = 'check_violation', HINT = 'Allowed are: ' || (SELECT string_agg(t, ', ') FROM jsonb_array_elements_text(types) t);
  END IF;
  IF p_size_bytes > size_max THEN
    RAISE EXCEPTION 'the file has % bytes, at most % are allowed', p_size_bytes, size_max
      USING ERRCODE = 'check_violation', HINT = 'The limit is max_file_size in system_settings.';
  END IF;
  RETURN extension;
END
$$;
COMMENT ON FUNCTION check_upload(text, bigint) IS 'The type of a file that may be uploaded; an error says why another one may not.';

CREATE FUNCTION validate_upload() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.content IS NOT NULL AND NEW.content IS DISTINCT FROM OLD.content THEN
      RAISE EXCEPTION 'the content of an upload cannot be changed' USING ERRCODE = 'check_violation', HINT = 'Upload the other file.';
    END IF;
    NEW.size_bytes := OLD.size_bytes;
    NEW.sha256 := OLD.sha256;
    RETURN NEW;
  END IF;
  NEW.size_bytes := octet_length(NEW.content);
  NEW.file_type := public.check_upload(NEW.file_name, NEW.size_bytes);
  NEW.sha256 := sha256(NEW.content);
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION validate_upload() IS 'Enforces max_file_size and allowed_file_types, and fills in size, type and digest.';
CREATE TRIGGER validate_upload BEFORE INSERT OR UPDATE OF content, size_bytes, sha256 ON file_data
  FOR EACH ROW EXECUTE FUNCTION validate_upload();

CREATE FUNCTION validate_job() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  jobs_max bigint := public.system_setting('max_concurrent_jobs')::text::bigint;
BEGIN
  NEW.updated_at := now();
  IF NEW.status <> 'running' OR TG_OP = 'UPDATE' AND OLD.status = 'running' THEN
    RETURN NEW;
  END IF;
  -- One start of a user's jobs at a time, so that two cannot both be the last one allowed.
  PERFORM pg_advisory_xact_lock(hashtext('atlas2 jobs'), hashtext(NEW.user_id::text));
  IF (SELECT count(*) FROM public.processing_jobs
      WHERE user_id = NEW.user_id AND status = 'running' AND id <> NEW.id) >= jobs_max THEN
    RAISE EXCEPTION 'the user has % running jobs already', jobs_max
      USING ERRCODE = 'configuration_limit_exceeded', HINT = 'Wait for one to end. The limit is max_concurrent_jobs in system_settings.';
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION validate_job() IS 'Enforces max_concurrent_jobs, and moves updated_at.';
CREATE TRIGGER validate_job BEFORE INSERT OR UPDATE ON processing_jobs
  FOR EACH ROW EXECUTE FUNCTION validate_job();

CREATE FUNCTION validate_transformation_rule() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  needed  text[];
  missing text;
BEGIN
  NEW.updated_at := now();
  needed := CASE NEW.rule_type
    WHEN 'replace' THEN ARRAY['from', 'to'] WHEN 'regex_replace' THEN ARRAY['pattern', 'to']
    WHEN 'prefix' THEN ARRAY['text'] WHEN 'suffix' THEN ARRAY['text'] WHEN 'pad_left' THEN ARRAY['length', 'text']
    WHEN 'substring' THEN ARRAY['from', 'length'] WHEN 'split_part' THEN ARRAY['delimiter', 'part']
    WHEN 'default' THEN ARRAY['value'] WHEN 'constant' THEN ARRAY['value'] WHEN 'lookup' THEN ARRAY['values']
    WHEN 'date' THEN ARRAY['format'] WHEN 'concat' THEN ARRAY['columns', 'separator'] ELSE ARRAY[]::text[] END;
  SELECT n INTO missing FROM unnest(needed) n WHERE NEW.parameters -> n IS NULL LIMIT 1;
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION 'a rule of type % needs the parameter "%"', NEW.rule_type, missing USING ERRCODE = 'check_violation';
  END IF;
  SELECT n INTO missing FROM unnest(ARRAY['length', 'part']) n WHERE n = ANY (needed) AND NEW.parameters ->> n !~ '^[1-9][0-9]{0,4}$'
  UNION ALL SELECT 'from' WHERE NEW.rule_type = 'substring' AND NEW.parameters ->> 'from' !~ '^[1-9][0-9]{0,4}$' LIMIT 1;
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION 'the parameter "%" must be a whole number from 1 to 99999', missing USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.rule_type = 'regex_replace' THEN
    PERFORM '' ~ (NEW.parameters ->> 'pattern'); -- an invalid one is refused here, and not in the middle of a job
  ELSIF NEW.rule_type = 'date' AND NEW.parameters ->> 'format' NOT IN ('DD/MM/YYYY', 'MM/DD/YYYY', 'DD.MM.YYYY', 'DD-MM-YYYY', 'YYYY/MM/DD', 'YYYYMMDD') THEN
    RAISE EXCEPTION 'there is no date format "%"', NEW.parameters ->> 'format' USING ERRCODE = 'check_violation',
      HINT = 'Known are DD/MM/YYYY, MM/DD/YYYY, DD.MM.YYYY, DD-MM-YYYY, YYYY/MM/DD and YYYYMMDD; YYYY-MM-DD needs no rule.';
  ELSIF NEW.rule_type = 'lookup' AND jsonb_typeof(NEW.parameters -> 'values') <> 'object'
     OR NEW.rule_type = 'concat' AND jsonb_typeof(NEW.parameters -> 'columns') <> 'array' THEN
    RAISE EXCEPTION 'the parameters of the rule have the wrong form' USING ERRCODE = 'check_violation',
      HINT = 'lookup takes {"values": {"from": "to"}}, concat {"columns": ["a", "b"], "separator": " "}.';
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION validate_transformation_rule() IS 'Refuses a rule that could not be applied.';
CREATE TRIGGER validate_transformation_rule BEFORE INSERT OR UPDATE ON transformation_rules
  FOR EACH ROW EXECUTE FUNCTION validate_transformation_rule();

CREATE FUNCTION validate_api_field() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM '' ~ NEW.pattern;
  NEW.updated_at := now();
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION validate_api_field() IS 'Refuses an invalid regular expression when it is saved, and not in the middle of a job; moves updated_at.';
CREATE TRIGGER validate_api_field BEFORE INSERT OR UPDATE ON api_fields
  FOR EACH ROW EXECUTE FUNCTION validate_api_field();

CREATE FUNCTION stamp_updated_at() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION stamp_updated_at() IS 'Moves updated_at.';
CREATE TRIGGER stamp_updated_at BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION stamp_updated_at();
CREATE TRIGGER stamp_updated_at BEFORE UPDATE ON api_configurations FOR EACH ROW EXECUTE FUNCTION stamp_updated_at();
CREATE TRIGGER stamp_updated_at BEFORE UPDATE ON mapping_configurations FOR EACH ROW EXECUTE FUNCTION stamp_updated_at();

-- Audit ---------------------------------------------------------------------------------------------------------------
-- Statement triggers: a change of a thousand rows writes its thousand entries with one INSERT. They run as their owner, because
-- nobody else may write to audit_logs.

CREATE FUNCTION audit_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO public.audit_logs (user_id, actor_id, action, table_name, record_id, new_values)
  SELECT (r ->> TG_ARGV[1])::uuid, public.current_user_id(), TG_OP, TG_TABLE_NAME, r ->> TG_ARGV[0], r - 'password_hash'
  FROM (SELECT to_jsonb(n) FROM new_rows n) AS rows (r);
  RETURN NULL;
END
$$;
CREATE FUNCTION audit_delete() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO public.audit_logs (user_id, actor_id, action, table_name, record_id, old_values)
  SELECT (r ->> TG_ARGV[1])::uuid, public.current_user_id(), TG_OP, TG_TABLE_NAME, r ->> TG_ARGV[0], r - 'password_hash'
  FROM (SELECT to_jsonb(o) FROM old_rows o) AS rows (r);
  RETURN NULL;
END
$$;
CREATE FUNCTION audit_update() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  -- A row whose key was changed has no other half.
  INSERT INTO public.audit_logs (user_id, actor_id, action, table_name, record_id, old_values, new_values)
  SELECT coalesce(o.r ->> TG_ARGV[1], n.r ->> TG_ARGV[1])::uuid, public.current_user_id(), TG_OP, TG_TABLE_NAME,
         coalesce(o.r ->> TG_ARGV[0], n.r ->> TG_ARGV[0]), o.r - 'password_hash', n.r - 'password_hash'
  FROM (SELECT to_jsonb(x) FROM old_rows x) AS o (r) FULL JOIN (SELECT to_jsonb(x) FROM new_rows x) AS n (r)
    ON o.r ->> TG_ARGV[0] = n.r ->> TG_ARGV[0]
  WHERE o.r IS DISTINCT FROM n.r;
  RETURN NULL;
END
$$;
CREATE FUNCTION audit_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO public.audit_logs (actor_id, action, table_name) VALUES (public.current_user_id(), TG_OP, TG_TABLE_NAME);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION audit_insert() IS 'An entry for each new row. Arguments: the key''s column, the tenant''s column.';
COMMENT ON FUNCTION audit_delete() IS 'An entry for each deleted row, the same way.';
COMMENT ON FUNCTION audit_update() IS 'An entry for each row that is not what it was, the same way.';
COMMENT ON FUNCTION audit_truncate() IS 'An entry for a table that was emptied.';

-- Uploads: everything but the content, which may have 50 MB.
CREATE FUNCTION audit_file_data() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO public.audit_logs (user_id, actor_id, action, table_name, record_id, new_values)
    SELECT n.user_id, public.current_user_id(), TG_OP, TG_TABLE_NAME, n.id, public.describe_upload(n) FROM new_rows n;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO public.audit_logs (user_id, actor_id, action, table_name, record_id, old_values)
    SELECT o.user_id, public.current_user_id(), TG_OP, TG_TABLE_NAME, o.id, public.describe_upload(o) FROM old_rows o;
  ELSE
    INSERT INTO public.audit_logs (user_id, actor_id, action, table_name, record_id, old_values, new_values)
    SELECT coalesce(o.user_id, n.user_id), public.current_user_id(), TG_OP, TG_TABLE_NAME, coalesce(o.id, n.id),
           public.describe_upload(o), public.describe_upload(n)
    FROM old_rows o FULL JOIN new_rows n ON o.id = n.id;
  END IF;
  RETURN NULL;
END
$$;
CREATE FUNCTION describe_upload(f file_data) RETURNS jsonb
LANGUAGE sql STABLE
AS $$
  SELECT CASE WHEN f.id IS NOT NULL THEN pg_catalog.jsonb_build_object(
    'id', f.id, 'user_id', f.user_id, 'file_name', f.file_name, 'file_type', f.file_type, 'size_bytes', f.size_bytes,
    'sha256', pg_catalog.encode(f.sha256, 'hex'), 'encoding', f.encoding, 'delimiter', f.delimiter, 'purged_at', f.purged_at) END
$$;
COMMENT ON FUNCTION audit_file_data() IS 'An entry for each upload that came, changed or went.';
COMMENT ON FUNCTION describe_upload(file_data) IS 'An upload for the audit trail: everything but its content.';

-- Results come and go by the hundred thousand: one entry per statement and job says which; the rows themselves say what.
CREATE FUNCTION audit_processing_results() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO public.audit_logs (user_id, actor_id, action, table_name, record_id, row_count, new_values)
    SELECT n.user_id, public.current_user_id(), TG_OP, TG_TABLE_NAME, n.job_id, count(*),
           jsonb_build_object('first_row', min(n.row_number), 'last_row', max(n.row_number))
    FROM new_rows n GROUP BY n.user_id, n.job_id;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO public.audit_logs (user_id, actor_id, action, table_name, record_id, row_count, old_values)
    SELECT o.user_id, public.current_user_id(), TG_OP, TG_TABLE_NAME, o.job_id, count(*),
           jsonb_build_object('first_row', min(o.row_number), 'last_row', max(o.row_number))
    FROM old_rows o GROUP BY o.user_id, o.job_id;
  ELSE
    INSERT INTO public.audit_logs (user_id, actor_id, action, table_name, record_id, old_values, new_values)
    SELECT coalesce(o.user_id, n.user_id), public.current_user_id(), TG_OP, TG_TABLE_NAME,
           coalesce(o.job_id, n.job_id) || '/' || coalesce(o.row_number, n.row_number), to_jsonb(o), to_jsonb(n)
    FROM old_rows o FULL JOIN new_rows n ON o.job_id = n.job_id AND o.row_number = n.row_number;
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION audit_processing_results() IS 'An entry for each changed result, and one for all that a statement wrote or deleted of a job.';

DO $audit$
DECLARE
  audited record;
BEGIN
  FOR audited IN
    SELECT * FROM (VALUES
      ('users', 'audit_%s', $$'id', 'id'$$), ('api_configurations', 'audit_%s', $$'id', 'user_id'$$),
      ('api_fields', 'audit_%s', $$'id', 'user_id'$$), ('mapping_configurations', 'audit_%s', $$'id', 'user_id'$$),
      ('transformation_rules', 'audit_%s', $$'id', 'user_id'$$), ('processing_jobs', 'audit_%s', $$'id', 'user_id'$$),
      ('system_settings', 'audit_%s', $$'key', 'user_id'$$), ('file_data', 'audit_file_data', ''),
      ('processing_results', 'audit_processing_results', '')) AS t (name, function, arguments)
  LOOP
    EXECUTE format('CREATE TRIGGER audit_insert AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %I(%s)',
                   audited.name, format(audited.function, 'insert'), audited.arguments);
    EXECUTE format('CREATE TRIGGER audit_update AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %I(%s)',
                   audited.name, format(audited.function, 'update'), audited.arguments);
    EXECUTE format('CREATE TRIGGER audit_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION %I(%s)',
                   audited.name, format(audited.function, 'delete'), audited.arguments);
    EXECUTE format('CREATE TRIGGER audit_truncate AFTER TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION audit_truncate()', audited.name);
  END LOOP;
END
$audit$;

-- Accounts ------------------------------------------------------------------------------------------------------------
-- Before somebody has logged in there is no tenant, and no row of users can be seen. These two doors are open all the same.

CREATE FUNCTION register_user(p_email text, p_password_hash text, p_full_name text) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$ INSERT INTO public.users (email, password_hash, full_name) VALUES (p_email, p_password_hash, p_full_name) RETURNING id $$;
COMMENT ON FUNCTION register_user(text, text, text) IS 'Opens an account and answers its id.';

CREATE FUNCTION find_login(p_email text) RETURNS TABLE (id uuid, password_hash text, is_active boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$ SELECT u.id, u.password_hash, u.is_active FROM public.users u WHERE lower(u.email) = lower(p_email) $$;
COMMENT ON FUNCTION find_login(text) IS 'What the application needs to check a password; for one address that somebody typed, never a list.';

-- Row-level security --------------------------------------------------------------------------------------------------

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON users TO atlas2_app USING (id = (SELECT current_user_id())) WITH CHECK (id = (SELECT current_user_id()));
CREATE POLICY tenant_reading ON users FOR SELECT TO atlas2_readonly USING (id = (SELECT current_user_id()));

ALTER TABLE file_data ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON file_data TO atlas2_app USING (user_id = (SELECT current_user_id())) WITH CHECK (user_id = (SELECT current_user_id()));
CREATE POLICY tenant_reading ON file_data FOR SELECT TO atlas2_readonly USING (user_id = (SELECT current_user_id()));

ALTER TABLE api_configurations ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON api_configurations TO atlas2_app USING (user_id = (SELECT current_user_id())) WITH CHECK (user_id = (SELECT current_user_id()));
CREATE POLICY tenant_reading ON api_configurations FOR SELECT TO atlas2_readonly USING (user_id = (SELECT current_user_id()));

ALTER TABLE api_fields ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON api_fields TO atlas2_app USING (user_id = (SELECT current_user_id())) WITH CHECK (user_id = (SELECT current_user_id()));
CREATE POLICY tenant_reading ON api_fields FOR SELECT TO atlas2_readonly USING (user_id = (SELECT current_user_id()));

ALTER TABLE mapping_configurations ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON mapping_configurations TO atlas2_app USING (user_id = (SELECT current_user_id())) WITH CHECK (user_id = (SELECT current_user_id()));
CREATE POLICY tenant_reading ON mapping_configurations FOR SELECT TO atlas2_readonly USING (user_id = (SELECT current_user_id()));

ALTER TABLE transformation_rules ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON transformation_rules TO atlas2_app USING (user_id = (SELECT current_user_id())) WITH CHECK (user_id = (SELECT current_user_id()));
CREATE POLICY tenant_reading ON transformation_rules FOR SELECT TO atlas2_readonly USING (user_id = (SELECT current_user_id()));

ALTER TABLE processing_jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON processing_jobs TO atlas2_app USING (user_id = (SELECT current_user_id())) WITH CHECK (user_id = (SELECT current_user_id()));
CREATE POLICY tenant_reading ON processing_jobs FOR SELECT TO atlas2_readonly USING (user_id = (SELECT current_user_id()));

ALTER TABLE processing_results ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON processing_results TO atlas2_app USING (user_id = (SELECT current_user_id())) WITH CHECK (user_id = (SELECT current_user_id()));
CREATE POLICY tenant_reading ON processing_results FOR SELECT TO atlas2_readonly USING (user_id = (SELECT current_user_id()));

ALTER TABLE audit_logs ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_reading ON audit_logs FOR SELECT TO atlas2_app, atlas2_readonly USING (user_id = (SELECT current_user_id()));

-- The settings are everybody's to read and the operators' to write.
ALTER TABLE system_settings ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON system_settings FOR SELECT TO atlas2_app, atlas2_readonly USING (true);

-- Views ---------------------------------------------------------------------------------------------------------------
-- A view reads as its owner, whom no policy binds. So each says by itself whose rows it shows: the tenant's, or all where the
-- reader is not bound by policies either. This holds on every version; security_invoker begins with PostgreSQL 15.

-- ponte: allow view-around-policies: it asks for the tenant itself, on PostgreSQL before 15 too
CREATE VIEW job_statistics WITH (security_barrier) AS
SELECT j.user_id,
       count(*)                                                         AS total_jobs,
       count(*) FILTER (WHERE j.status = 'pending')                     AS pending_jobs,
       count(*) FILTER (WHERE j.status = 'running')                     AS running_jobs,
       count(*) FILTER (WHERE j.status = 'completed')                   AS completed_jobs,
       count(*) FILTER (WHERE j.status = 'failed')                      AS failed_jobs,
       count(*) FILTER (WHERE j.status = 'cancelled')                   AS cancelled_jobs,
       coalesce(sum(j.rows_succeeded), 0)::bigint                       AS rows_succeeded,
       coalesce(sum(j.rows_rejected), 0)::bigint                        AS rows_rejected,
       extract(epoch FROM avg(j.finished_at - j.started_at) FILTER (WHERE j.status = 'completed'))::double precision AS average_seconds,
       max(j.created_at)                                                AS last_job_at
FROM processing_jobs j
WHERE j.user_id = current_user_id() OR NOT row_security_active('processing_jobs')
GROUP BY j.user_id;
COMMENT ON VIEW job_statistics IS 'Job statistics per user: the tenant''s own row; all rows for operators.';
COMMENT ON COLUMN job_statistics.average_seconds IS 'From the last start to the end, of completed jobs.';

-- ponte: allow view-around-policies: it counts over all tenants and shows no row of any
CREATE VIEW system_health AS
SELECT m.metric, m.value, m.unit
FROM (
  SELECT 'database_size', pg_database_size(current_database())::numeric, 'bytes'
  UNION ALL SELECT 'connections', count(*)::numeric, 'sessions' FROM pg_stat_activity WHERE datname = current_database()
  UNION ALL SELECT 'connections_max', current_setting('max_connections')::numeric, 'sessions'
  UNION ALL SELECT 'longest_transaction', coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::numeric, 'seconds'
    FROM pg_stat_activity WHERE datname = current_database()
  UNION ALL SELECT 'lock_waits', count(*)::numeric, 'sessions' FROM pg_locks WHERE NOT granted
  UNION ALL SELECT 'cache_hit_ratio', round(coalesce(100.0 * sum(blks_hit) / nullif(sum(blks_hit + blks_read), 0), 100), 2), 'percent'
    FROM pg_stat_database WHERE datname = current_database()
  UNION ALL SELECT 'jobs_' || s.status, count(j.id)::numeric, 'jobs'
    FROM unnest(ARRAY['pending', 'running', 'failed']) AS s (status) LEFT JOIN processing_jobs j ON j.status = s.status GROUP BY s.status
  UNION ALL SELECT 'oldest_pending_job', coalesce(max(extract(epoch FROM now() - created_at)), 0)::numeric, 'seconds'
    FROM processing_jobs WHERE status = 'pending'
  UNION ALL SELECT 'jobs_over_timeout', count(*)::numeric, 'jobs' FROM processing_jobs
    WHERE status = 'running' AND started_at < now() - make_interval(secs => system_setting('job_timeout')::text::int)
  UNION ALL SELECT 'table_size_' || c.relname, pg_total_relation_size(c.oid)::numeric, 'bytes'
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  UNION ALL SELECT 'dead_rows_' || relname, n_dead_tup::numeric, 'rows' FROM pg_stat_user_tables WHERE schemaname = 'public'
) AS m (metric, value, unit);
COMMENT ON VIEW system_health IS 'System health metrics of the whole system, without a row of any tenant: one metric per row, with its unit.';

-- Privileges ----------------------------------------------------------------------------------------------------------

REVOKE EXECUTE ON FUNCTION register_user(text, text, text), find_login(text), audit_insert(), audit_update(), audit_delete(),
  audit_truncate(), audit_file_data(), audit_processing_results() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION register_user(text, text, text), find_login(text) TO atlas2_app;

GRANT SELECT, DELETE ON users TO atlas2_app;
GRANT UPDATE (email, password_hash, full_name, email_verified_at, last_login_at) ON users TO atlas2_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON file_data, api_configurations, api_fields, mapping_configurations, transformation_rules,
  processing_jobs, processing_results TO atlas2_app;
GRANT SELECT ON audit_logs, system_settings, job_statistics TO atlas2_app;

GRANT SELECT (id, email, full_name, role, is_active, email_verified_at, last_login_at, created_at, updated_at) ON users TO atlas2_readonly;
GRANT SELECT ON file_data, api_configurations, api_fields, mapping_configurations, transformation_rules, processing_jobs,
  processing_results, audit_logs, system_settings, job_statistics, system_health TO atlas2_readonly;

-- DOWN operations
-- DROP VIEW system_health, job_statistics;
-- DROP FUNCTION describe_upload(file_data);
-- DROP TABLE system_settings, audit_logs, processing_results, processing_jobs, transformation_rules, mapping_configurations, api_fields,
--   api_configurations, file_data, users;
-- DROP FUNCTION find_login(text), register_user(text, text, text), audit_processing_results(), audit_file_data(), audit_truncate(),
--   audit_update(), audit_delete(), audit_insert(), stamp_updated_at(), validate_api_field(), validate_transformation_rule(), validate_job(),
--   validate_upload(), check_upload(text, bigint), validate_system_setting(), system_setting(text), current_user_id();
