-- SynapScale: agents, conversations and workflows in workspaces. A workspace is a tenant: who is not a member sees nothing of it.
--
-- Secrets of users arrive here encrypted (ponte secret seal, or the same format by the backend); the tables take nothing else. What a
-- message cost is in usage_logs, and billing_events are made of those and of nothing else.

-- UP operations

-- The role that the backend's login is a member of. It belongs to the whole server: another database may have made it already.
DO $role$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'synapscale_app') THEN
    BEGIN
      CREATE ROLE synapscale_app NOLOGIN;
    EXCEPTION
      WHEN duplicate_object OR unique_violation THEN NULL; -- somebody else was quicker
      WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'role synapscale_app does not exist, and % may not create it', current_user
          USING ERRCODE = 'insufficient_privilege', HINT = 'Have an administrator run: CREATE ROLE synapscale_app NOLOGIN;';
    END;
  END IF;
END
$role$;

CREATE FUNCTION current_user_id() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(pg_catalog.current_setting('app.current_user_id', true), '')::pg_catalog.uuid $$;
COMMENT ON FUNCTION current_user_id() IS
  'Who is asking: what the backend set with set_config(''app.current_user_id'', ID, true). Nobody, unless it did.';

CREATE FUNCTION is_sealed(p_value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  -- v1.KEY.DATA: base64url of 12 bytes of nonce, the ciphertext, and 16 bytes of tag.
  SELECT p_value ~ '^v1[.][A-Za-z0-9_-]+[.][A-Za-z0-9_-]+$' AND pg_catalog.char_length(pg_catalog.split_part(p_value, '.', 2)) <= 32
     AND pg_catalog.char_length(pg_catalog.split_part(p_value, '.', 3)) >= 38 AND pg_catalog.char_length(pg_catalog.split_part(p_value, '.', 3)) % 4 <> 1
$$;
COMMENT ON FUNCTION is_sealed(text) IS 'Whether a text has the form of a value that ponte secret seal made. A plain key has not.';

-- Core entities -------------------------------------------------------------------------------------------------------

CREATE TABLE users (
  id              uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  email           text        NOT NULL,
  username        text        NOT NULL,
  full_name       text        NOT NULL,
  password_hash   text        NOT NULL,
  is_active       boolean     NOT NULL DEFAULT true,
  is_superuser    boolean     NOT NULL DEFAULT false,
  last_login_at   timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT users_email_shape CHECK (email ~ '^[^[:space:]@]+@[^[:space:]@]+[.][^[:space:]@]+$' AND char_length(email) <= 254),
  CONSTRAINT users_username_shape CHECK (username ~ '^[A-Za-z0-9_.-]{3,50}$'),
  CONSTRAINT users_full_name_length CHECK (char_length(btrim(full_name)) BETWEEN 1 AND 200),
  CONSTRAINT users_password_hash_shape CHECK (password_hash ~ '^[$][A-Za-z0-9-]+[$].{20,}$')
);
CREATE UNIQUE INDEX users_email_key ON users (lower(email));
CREATE UNIQUE INDEX users_username_key ON users (lower(username));
COMMENT ON TABLE users IS 'Usuários do sistema. Users of the system.';
COMMENT ON COLUMN users.is_superuser IS 'For the backend to interpret; its database role cannot change it.';

CREATE TABLE workspaces (
  id          uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  owner_id    uuid        NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
  name        text        NOT NULL,
  slug        text        NOT NULL UNIQUE,
  description text,
  plan        text        NOT NULL DEFAULT 'free',
  is_active   boolean     NOT NULL DEFAULT true,
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT workspaces_name_length CHECK (char_length(btrim(name)) BETWEEN 1 AND 100),
  CONSTRAINT workspaces_slug_shape CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND char_length(slug) <= 63),
  CONSTRAINT workspaces_plan_known CHECK (plan IN ('free', 'pro', 'enterprise'))
);
CREATE INDEX workspaces_owner_id_idx ON workspaces (owner_id);
COMMENT ON TABLE workspaces IS 'Espaços de trabalho. A workspace is a tenant: everything in it is seen by its members alone.';
COMMENT ON COLUMN workspaces.owner_id IS 'Who is responsible. A user who owns a workspace cannot be deleted before it has another owner.';

CREATE TABLE workspace_members (
  workspace_id uuid        NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  user_id      uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role         text        NOT NULL DEFAULT 'member',
  invited_by   uuid        REFERENCES users (id) ON DELETE SET NULL,
  joined_at    timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, user_id),
  CONSTRAINT workspace_members_role_known CHECK (role IN ('owner', 'admin', 'member', 'viewer'))
);
CREATE INDEX workspace_members_user_id_idx ON workspace_members (user_id);
CREATE INDEX workspace_members_invited_by_idx ON workspace_members (invited_by);
COMMENT ON TABLE workspace_members IS 'Membros dos workspaces: who may see a workspace, and as what.';
COMMENT ON COLUMN workspace_members.role IS 'owner and admin manage members, member works, viewer only reads.';

-- Policies ask for these lists once per query. They run as their owner, because the policies of workspace_members ask as well.
CREATE FUNCTION my_workspaces(p_roles text[] DEFAULT '{owner,admin,member,viewer}') RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$ SELECT m.workspace_id FROM public.workspace_members m WHERE m.user_id = public.current_user_id() AND m.role = ANY (p_roles) $$;
COMMENT ON FUNCTION my_workspaces(text[]) IS 'The workspaces in which the asking user has one of these roles.';

CREATE FUNCTION my_colleagues() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT other.user_id FROM public.workspace_members mine JOIN public.workspace_members other ON other.workspace_id = mine.workspace_id
  WHERE mine.user_id = public.current_user_id()
$$;
COMMENT ON FUNCTION my_colleagues() IS 'Everybody who shares a workspace with the asking user.';

CREATE TABLE user_variables (
  id           uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id      uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  key          text        NOT NULL,
  sealed_value text        NOT NULL,
  category     text        NOT NULL DEFAULT 'variable',
  provider     text,
  description  text,
  is_active    boolean     NOT NULL DEFAULT true,
  created_at   timestamptz NOT NULL DEFAULT now(),
  updated_at   timestamptz NOT NULL DEFAULT now(),
  UNIQUE (user_id, key),
  CONSTRAINT user_variables_key_shape CHECK (key ~ '^[A-Z][A-Z0-9_]{0,99}$'),
  CONSTRAINT user_variables_value_sealed CHECK (is_sealed(sealed_value)),
  CONSTRAINT user_variables_category_known CHECK (category IN ('variable', 'api_key')),
  CONSTRAINT user_variables_provider_of_keys CHECK ((category = 'api_key') = (provider IS NOT NULL))
);
COMMENT ON TABLE user_variables IS 'Variáveis de usuário e API keys: only as ciphertext; the key that opens it is not in the database.';
COMMENT ON COLUMN user_variables.sealed_value IS 'v1.KEY.DATA, sealed for the context user_variables:USER_ID:KEY, so that it opens in no other row.';
COMMENT ON COLUMN user_variables.provider IS 'Of an API key: whose it is, such as openai.';
CREATE INDEX user_variables_key_id_idx ON user_variables (split_part(sealed_value, '.', 2));
COMMENT ON INDEX user_variables_key_id_idx IS 'Finds what an old key sealed, to be sealed anew.';

-- AI and LLM ----------------------------------------------------------------------------------------------------------

CREATE TABLE llms (
  id                      uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  provider                text        NOT NULL,
  name                    text        NOT NULL,
  context_window_tokens   integer     NOT NULL,
  input_price_per_million numeric(12, 6) NOT NULL,
  output_price_per_million numeric(12, 6) NOT NULL,
  currency                text        NOT NULL DEFAULT 'USD',
  is_active               boolean     NOT NULL DEFAULT true,
  created_at              timestamptz NOT NULL DEFAULT now(),
  updated_at              timestamptz NOT NULL DEFAULT now(),
  UNIQUE (provider, name),
  CONSTRAINT llms_context_positive CHECK (context_window_tokens > 0),
  CONSTRAINT llms_prices_not_negative CHECK (input_price_per_million >= 0 AND output_price_per_million >= 0),
  CONSTRAINT llms_currency_shape CHECK (currency ~ '^[A-Z]{3}$')
);
COMMENT ON TABLE llms IS 'Modelos de linguagem disponíveis, the same for every workspace, with their prices.';
COMMENT ON COLUMN llms.input_price_per_million IS 'For a million tokens that go in. Changes hold for later usage alone: usage_logs keep the price they were made at.';

CREATE TABLE agents (
  id            uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id  uuid        NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  created_by    uuid        REFERENCES users (id) ON DELETE SET NULL,
  llm_id        uuid        NOT NULL REFERENCES llms (id) ON DELETE RESTRICT,
  name          text        NOT NULL,
  system_prompt text        NOT NULL DEFAULT '',
  temperature   numeric(3, 2) NOT NULL DEFAULT 0.7,
  is_active     boolean     NOT NULL DEFAULT true,
  created_at    timestamptz NOT NULL DEFAULT now(),
  updated_at    timestamptz NOT NULL DEFAULT now(),
  UNIQUE (id, workspace_id),
  UNIQUE (workspace_id, name),
  CONSTRAINT agents_temperature_range CHECK (temperature BETWEEN 0 AND 2)
);
CREATE INDEX agents_created_by_idx ON agents (created_by);
CREATE INDEX agents_llm_id_idx ON agents (llm_id);
COMMENT ON TABLE agents IS 'Agentes de IA: a model with instructions.';

CREATE TABLE conversations (
  id           uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid        NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  user_id      uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  agent_id     uuid        NOT NULL,
  title        text        NOT NULL DEFAULT '',
  status       text        NOT NULL DEFAULT 'active',
  created_at   timestamptz NOT NULL DEFAULT now(),
  updated_at   timestamptz NOT NULL DEFAULT now(),
  UNIQUE (id, workspace_id),
  FOREIGN KEY (agent_id, workspace_id) REFERENCES agents (id, workspace_id) ON DELETE CASCADE,
  CONSTRAINT conversations_status_known CHECK (status IN ('active', 'archived'))
);
CREATE INDEX conversations_workspace_id_idx ON conversations (workspace_id, updated_at DESC);
CREATE INDEX conversations_user_id_idx ON conversations (user_id);
CREATE INDEX conversations_agent_id_idx ON conversations (agent_id, workspace_id);
COMMENT ON TABLE conversations IS 'Conversas: of one user with one agent, in one workspace.';

CREATE TABLE messages (
  id              uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id    uuid        NOT NULL,
  conversation_id uuid        NOT NULL,
  role            text        NOT NULL,
  content         text        NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  UNIQUE (id, workspace_id),
  FOREIGN KEY (conversation_id, workspace_id) REFERENCES conversations (id, workspace_id) ON DELETE CASCADE,
  CONSTRAINT messages_role_known CHECK (role IN ('user', 'assistant', 'system', 'tool')),
  CONSTRAINT messages_content_length CHECK (char_length(content) BETWEEN 1 AND 1000000)
);
CREATE INDEX messages_conversation_id_idx ON messages (conversation_id, workspace_id, created_at);
CREATE INDEX messages_workspace_id_idx ON messages (workspace_id);
COMMENT ON TABLE messages IS 'Mensagens das conversas.';
COMMENT ON COLUMN messages.workspace_id IS 'That of the conversation; the foreign key sees to it.';

CREATE TABLE usage_logs (
  id                bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workspace_id      uuid        NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  message_id        uuid        UNIQUE,
  llm_id            uuid        NOT NULL REFERENCES llms (id) ON DELETE RESTRICT,
  input_tokens      integer     NOT NULL,
  output_tokens     integer     NOT NULL,
  cost              numeric(18, 9) NOT NULL,
  currency          text        NOT NULL,
  billing_event_id  bigint,
  created_at        timestamptz NOT NULL DEFAULT now(),
  UNIQUE (id, workspace_id),
  CONSTRAINT usage_logs_tokens CHECK (input_tokens >= 0 AND output_tokens >= 0),
  CONSTRAINT usage_logs_cost_not_negative CHECK (cost >= 0),
  CONSTRAINT usage_logs_currency_shape CHECK (currency ~ '^[A-Z]{3}$')
);
CREATE INDEX usage_logs_workspace_id_idx ON usage_logs (workspace_id, created_at);
CREATE INDEX usage_logs_llm_id_idx ON usage_logs (llm_id);
COMMENT ON TABLE usage_logs IS 'Logs de uso dos LLMs: what one answer used and cost, once per message.';
COMMENT ON COLUMN usage_logs.message_id IS 'The assistant''s message. NULL once it has been deleted: what was used remains to be paid.';
COMMENT ON COLUMN usage_logs.cost IS 'Computed by a trigger from the tokens and the model''s prices at the time, and never changed.';
COMMENT ON COLUMN usage_logs.billing_event_id IS 'The charge that holds it. NULL until it has been billed.';

CREATE TABLE billing_events (
  id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workspace_id uuid        NOT NULL REFERENCES workspaces (id) ON DELETE RESTRICT,
  event_type   text        NOT NULL,
  amount       numeric(18, 9) NOT NULL,
  currency     text        NOT NULL,
  description  text        NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  UNIQUE (id, workspace_id),
  CONSTRAINT billing_events_type_known CHECK (event_type IN ('usage', 'payment', 'credit', 'refund')),
  CONSTRAINT billing_events_sign CHECK (CASE WHEN event_type IN ('usage', 'refund') THEN amount >= 0 ELSE amount <= 0 END),
  CONSTRAINT billing_events_currency_shape CHECK (currency ~ '^[A-Z]{3}$')
);
CREATE INDEX billing_events_workspace_id_idx ON billing_events (workspace_id, created_at);
COMMENT ON TABLE billing_events IS 'Eventos de cobrança: charges, payments, credits and refunds of a workspace. Only ever added to; a workspace that has some is not deleted.';
COMMENT ON COLUMN billing_events.amount IS 'What the workspace owes more (usage, refund) or less (payment, credit) by it.';
ALTER TABLE usage_logs ADD FOREIGN KEY (message_id, workspace_id) REFERENCES messages (id, workspace_id);
ALTER TABLE usage_logs ADD FOREIGN KEY (billing_event_id, workspace_id) REFERENCES billing_events (id, workspace_id);
CREATE INDEX usage_logs_billing_event_id_idx ON usage_logs (billing_event_id, workspace_id);
CREATE INDEX usage_logs_unbilled_idx ON usage_logs (workspace_id, currency) WHERE billing_event_id IS NULL;

-- Workflows and automation --------------------------------------------------------------------------------------------

CREATE TABLE workflows (
  id           uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid        NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  created_by   uuid        REFERENCES users (id) ON DELETE SET NULL,
  name         text        NOT NULL,
  definition   jsonb       NOT NULL DEFAULT '{}',
  status       text        NOT NULL DEFAULT 'draft',
  created_at   timestamptz NOT NULL DEFAULT now(),
  updated_at   timestamptz NOT NULL DEFAULT now(),
  UNIQUE (id, workspace_id),
  UNIQUE (workspace_id, name),
  CONSTRAINT workflows_definition_object CHECK (jsonb_typeof(definition) = 'object'),
  CONSTRAINT workflows_status_known CHECK (status IN ('draft', 'active', 'archived'))
);
CREATE INDEX workflows_created_by_idx ON workflows (created_by);
COMMENT ON TABLE workflows IS 'Definições de workflows.';

CREATE TABLE workflow_executions (
  id           uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid        NOT NULL,
  workflow_id  uuid        NOT NULL,
  started_by   uuid        REFERENCES users (id) ON DELETE SET NULL,
  status       text        NOT NULL DEFAULT 'pending',
  input        jsonb       NOT NULL DEFAULT '{}',
  output       jsonb,
  error        text,
  created_at   timestamptz NOT NULL DEFAULT now(),
  started_at   timestamptz,
  finished_at  timestamptz,
  FOREIGN KEY (workflow_id, workspace_id) REFERENCES workflows (id, workspace_id) ON DELETE CASCADE,
  CONSTRAINT workflow_executions_status_known CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
  CONSTRAINT workflow_executions_dated CHECK ((status IN ('completed', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
  CONSTRAINT workflow_executions_explained CHECK ((status = 'failed') = (error IS NOT NULL))
);
CREATE INDEX workflow_executions_workflow_id_idx ON workflow_executions (workflow_id, workspace_id, created_at DESC);
CREATE INDEX workflow_executions_workspace_id_idx ON workflow_executions (workspace_id);
CREATE INDEX workflow_executions_started_by_idx ON workflow_executions (started_by);
CREATE INDEX workflow_executions_unfinished_idx ON workflow_executions (created_at) WHERE status IN ('pending', 'running');
COMMENT ON TABLE workflow_executions IS 'Execuções de workflows.';

CREATE TABLE nodes (
  id           uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid        NOT NULL,
  workflow_id  uuid        NOT NULL,
  name         text        NOT NULL,
  node_type    text        NOT NULL,
  config       jsonb       NOT NULL DEFAULT '{}',
  position_x   double precision NOT NULL DEFAULT 0,
  position_y   double precision NOT NULL DEFAULT 0,
  created_at   timestamptz NOT NULL DEFAULT now(),
  UNIQUE (workflow_id, name),
  FOREIGN KEY (workflow_id, workspace_id) REFERENCES workflows (id, workspace_id) ON DELETE CASCADE,
  CONSTRAINT nodes_type_known CHECK (node_type IN ('trigger', 'agent', 'llm', 'http', 'code', 'condition', 'loop', 'output')),
  CONSTRAINT nodes_config_object CHECK (jsonb_typeof(config) = 'object')
);
CREATE INDEX nodes_workspace_id_idx ON nodes (workspace_id);
CREATE INDEX nodes_workflow_id_idx ON nodes (workflow_id, workspace_id);
COMMENT ON TABLE nodes IS 'Nós dos workflows.';
COMMENT ON COLUMN nodes.position_x IS 'Where the editor draws it, in pixels.';

CREATE TABLE templates (
  id           uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid        REFERENCES workspaces (id) ON DELETE CASCADE,
  created_by   uuid        REFERENCES users (id) ON DELETE SET NULL,
  name         text        NOT NULL,
  category     text        NOT NULL DEFAULT 'general',
  definition   jsonb       NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  updated_at   timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT templates_definition_object CHECK (jsonb_typeof(definition) = 'object')
);
CREATE UNIQUE INDEX templates_name_key ON templates (coalesce(workspace_id, '00000000-0000-0000-0000-000000000000'), name);
CREATE INDEX templates_workspace_id_idx ON templates (workspace_id);
CREATE INDEX templates_created_by_idx ON templates (created_by);
COMMENT ON TABLE templates IS 'Templates de workflows.';
COMMENT ON COLUMN templates.workspace_id IS 'NULL for a template of the product''s own, which everybody sees and only the operators change.';

-- Files and data ------------------------------------------------------------------------------------------------------

CREATE TABLE files (
  id           uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid        NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  owner_id     uuid        REFERENCES users (id) ON DELETE SET NULL,
  name         text        NOT NULL,
  mime_type    text        NOT NULL,
  size_bytes   bigint      NOT NULL,
  sha256       bytea       NOT NULL,
  storage_path text        NOT NULL UNIQUE,
  created_at   timestamptz NOT NULL DEFAULT now(),
  UNIQUE (id, workspace_id),
  CONSTRAINT files_size_not_negative CHECK (size_bytes >= 0),
  CONSTRAINT files_sha256_length CHECK (octet_length(sha256) = 32)
);
CREATE INDEX files_workspace_id_idx ON files (workspace_id, created_at DESC);
CREATE INDEX files_owner_id_idx ON files (owner_id);
COMMENT ON TABLE files IS 'Arquivos do sistema: what is known of them; their content is in the object store.';
COMMENT ON COLUMN files.storage_path IS 'Where in the object store.';

CREATE TABLE file_uploads (
  id             uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id   uuid        NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  user_id        uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  file_id        uuid,
  status         text        NOT NULL DEFAULT 'pending',
  total_bytes    bigint      NOT NULL,
  uploaded_bytes bigint      NOT NULL DEFAULT 0,
  error          text,
  created_at     timestamptz NOT NULL DEFAULT now(),
  finished_at    timestamptz,
  FOREIGN KEY (file_id, workspace_id) REFERENCES files (id, workspace_id) ON DELETE CASCADE,
  CONSTRAINT file_uploads_status_known CHECK (status IN ('pending', 'uploading', 'completed', 'failed')),
  CONSTRAINT file_uploads_bytes CHECK (uploaded_bytes BETWEEN 0 AND total_bytes),
  CONSTRAINT file_uploads_completed CHECK (status <> 'completed' OR (file_id IS NOT NULL AND uploaded_bytes = total_bytes))
);
CREATE INDEX file_uploads_workspace_id_idx ON file_uploads (workspace_id);
CREATE INDEX file_uploads_user_id_idx ON file_uploads (user_id);
CREATE INDEX file_uploads_file_id_idx ON file_uploads (file_id, workspace_id);
COMMENT ON TABLE file_uploads IS 'Uploads de arquivos: one on its way, and how it ended.';

-- Analytics and monitoring --------------------------------------------------------------------------------------------

CREATE TABLE analytics_events (
  id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workspace_id uuid        NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  user_id      uuid        REFERENCES users (id) ON DELETE SET NULL,
  event_name   text        NOT NULL,
  properties   jsonb       NOT NULL DEFAULT '{}',
  created_at   timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT analytics_events_name_shape CHECK (event_name ~ '^[a-z][a-z0-9_.]{0,99}$')
);
CREATE INDEX analytics_events_workspace_id_idx ON analytics_events (workspace_id, event_name, created_at);
CREATE INDEX analytics_events_user_id_idx ON analytics_events (user_id);
COMMENT ON TABLE analytics_events IS 'Eventos de analytics.';

CREATE TABLE system_alerts (
  id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workspace_id uuid        REFERENCES workspaces (id) ON DELETE CASCADE,
  severity     text        NOT NULL,
  title        text        NOT NULL,
  detail       text        NOT NULL DEFAULT '',
  resolved_by  uuid        REFERENCES users (id) ON DELETE SET NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  resolved_at  timestamptz,
  CONSTRAINT system_alerts_severity_known CHECK (severity IN ('info', 'warning', 'error', 'critical'))
);
CREATE INDEX system_alerts_workspace_id_idx ON system_alerts (workspace_id);
CREATE INDEX system_alerts_resolved_by_idx ON system_alerts (resolved_by);
CREATE INDEX system_alerts_open_idx ON system_alerts (severity, created_at) WHERE resolved_at IS NULL;
COMMENT ON TABLE system_alerts IS 'Alertas do sistema.';
COMMENT ON COLUMN system_alerts.workspace_id IS 'NULL for an alert about the whole system, which only the operators see.';

-- Support -------------------------------------------------------------------------------------------------------------

CREATE TABLE tags (
  id           uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid        NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  name         text        NOT NULL,
  target_type  text        NOT NULL,
  target_id    uuid        NOT NULL,
  created_by   uuid        REFERENCES users (id) ON DELETE SET NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  UNIQUE (workspace_id, target_type, target_id, name),
  CONSTRAINT tags_name_length CHECK (char_length(btrim(name)) BETWEEN 1 AND 50),
  CONSTRAINT tags_target_type_known CHECK (target_type IN ('agent', 'conversation', 'workflow', 'file'))
);
CREATE INDEX tags_name_idx ON tags (workspace_id, name);
CREATE INDEX tags_created_by_idx ON tags (created_by);
COMMENT ON TABLE tags IS 'Sistema de tags: a word on a thing of a workspace.';
COMMENT ON COLUMN tags.target_id IS 'The id in the table that target_type names; a trigger sees that it is there, in the same workspace, and takes the tag away with it.';

CREATE TABLE message_feedbacks (
  id           uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  workspace_id uuid        NOT NULL,
  message_id   uuid        NOT NULL,
  user_id      uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  rating       smallint    NOT NULL,
  comment      text,
  created_at   timestamptz NOT NULL DEFAULT now(),
  UNIQUE (message_id, user_id),
  FOREIGN KEY (message_id, workspace_id) REFERENCES messages (id, workspace_id) ON DELETE CASCADE,
  CONSTRAINT message_feedbacks_rating_known CHECK (rating IN (-1, 1))
);
CREATE INDEX message_feedbacks_workspace_id_idx ON message_feedbacks (workspace_id);
CREATE INDEX message_feedbacks_message_id_idx ON message_feedbacks (message_id, workspace_id);
CREATE INDEX message_feedbacks_user_id_idx ON message_feedbacks (user_id);
COMMENT ON TABLE message_feedbacks IS 'Feedbacks de mensagens: a thumb up (1) or down (-1), one per user.';

-- DOWN operations
-- ALTER TABLE usage_logs DROP CONSTRAINT usage_logs_billing_event_id_workspace_id_fkey;
-- DROP TABLE message_feedbacks, tags, system_alerts, analytics_events, file_uploads, files, templates, nodes, workflow_executions, workflows,
--   billing_events, usage_logs, messages, conversations, agents, llms, user_variables, workspace_members, workspaces, users;
-- DROP FUNCTION my_colleagues(), my_workspaces(text[]), is_sealed(text), current_user_id();
