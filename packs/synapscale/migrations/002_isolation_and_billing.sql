-- Who may see and change what, and what must agree with what.
--
-- The backend logs in as a member of synapscale_app and says for whom it works; the owner of the tables is bound by no policy and is for
-- migrations alone.

-- UP operations

-- Workspaces keep to themselves ---------------------------------------------------------------------------------------

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by_colleagues ON users FOR SELECT TO synapscale_app USING (id = (SELECT current_user_id()) OR id IN (SELECT my_colleagues()));
CREATE POLICY changed_by_oneself ON users FOR UPDATE TO synapscale_app USING (id = (SELECT current_user_id()));

ALTER TABLE workspaces ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by_members ON workspaces FOR SELECT TO synapscale_app USING (id IN (SELECT my_workspaces()));
CREATE POLICY changed_by_admins ON workspaces FOR UPDATE TO synapscale_app USING (id IN (SELECT my_workspaces('{owner,admin}')));
CREATE POLICY deleted_by_owners ON workspaces FOR DELETE TO synapscale_app USING (id IN (SELECT my_workspaces('{owner}')));

-- Nobody is made an owner here, and none is unmade: that is what create_workspace() and the operators are for.
ALTER TABLE workspace_members ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by_members ON workspace_members FOR SELECT TO synapscale_app USING (workspace_id IN (SELECT my_workspaces()));
CREATE POLICY invited_by_admins ON workspace_members FOR INSERT TO synapscale_app WITH CHECK (role <> 'owner' AND workspace_id IN (SELECT my_workspaces('{owner,admin}')));
CREATE POLICY changed_by_admins ON workspace_members FOR UPDATE TO synapscale_app
  USING (role <> 'owner' AND workspace_id IN (SELECT my_workspaces('{owner,admin}'))) WITH CHECK (role <> 'owner' AND workspace_id IN (SELECT my_workspaces('{owner,admin}')));
CREATE POLICY removed_by_admins_or_oneself ON workspace_members FOR DELETE TO synapscale_app
  USING (role <> 'owner' AND (user_id = (SELECT current_user_id()) OR workspace_id IN (SELECT my_workspaces('{owner,admin}'))));

ALTER TABLE user_variables ENABLE ROW LEVEL SECURITY;
CREATE POLICY ones_own ON user_variables TO synapscale_app USING (user_id = (SELECT current_user_id())) WITH CHECK (user_id = (SELECT current_user_id()));

ALTER TABLE llms ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by_everybody ON llms FOR SELECT TO synapscale_app USING (true);

ALTER TABLE agents ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by_members ON agents FOR SELECT TO synapscale_app USING (workspace_id IN (SELECT my_workspaces()));
CREATE POLICY changed_by_members ON agents TO synapscale_app USING (workspace_id IN (SELECT my_workspaces('{owner,admin,member}'))) WITH CHECK (workspace_id IN (SELECT my_workspaces('{owner,admin,member}')));

ALTER TABLE conversations ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by_members ON conversations FOR SELECT TO synapscale_app USING (workspace_id IN (SELECT my_workspaces()));
CREATE POLICY changed_by_members ON conversations TO synapscale_app USING (workspace_id IN (SELECT my_workspaces('{owner,admin,member}'))) WITH CHECK (workspace_id IN (SELECT my_workspaces('{owner,admin,member}')));

ALTER TABLE messages ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by_members ON messages FOR SELECT TO synapscale_app USING (workspace_id IN (SELECT my_workspaces()));
CREATE POLICY changed_by_members ON messages TO synapscale_app USING (workspace_id IN (SELECT my_workspaces('{owner,admin,member}'))) WITH CHECK (workspace_id IN (SELECT my_workspaces('{owner,admin,member}')));

ALTER TABLE workflows ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by_members ON workflows FOR SELECT TO synapscale_app USING (workspace_id IN (SELECT my_workspaces()));
CREATE POLICY changed_by_members ON workflows TO synapscale_app USING (workspace_id IN (SELECT my_workspaces('{owner,admin,member}'))) WITH CHECK (workspace_id IN (SELECT my_workspaces('{owner,admin,member}')));

ALTER TABLE workflow_executions ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by_members ON workflow_executions FOR SELECT TO synapscale_app USING (workspace_id IN (SELECT my_workspaces()));
CREATE POLICY changed_by_members ON workflow_executions TO synapscale_app USING (workspace_id IN (SELECT my_workspaces('{owner,admin,member}'))) WITH CHECK (workspace_id IN (SELECT my_workspaces('{owner,admin,member}')));

ALTER TABLE nodes ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by_members ON nodes FOR SELECT TO synapscale_app USING (workspace_id IN (SELECT my_workspaces()));
CREATE POLICY changed_by_members ON nodes TO synapscale_app USING (workspace_id IN (SELECT my_workspaces('{owner,admin,member}'))) WITH CHECK (workspace_id IN (SELECT my_workspaces('{owner,admin,member}')));

ALTER TABLE files ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by_members ON files FOR SELECT TO synapscale_app USING (workspace_id IN (SELECT my_workspaces()));
CREATE POLICY changed_by_members ON files TO synapscale_app USING (workspace_id IN (SELECT my_workspaces('{owner,admin,member}'))) WITH CHECK (workspace_id IN (SELECT my_workspaces('{owner,admin,member}')));

ALTER TABLE tags ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by_members ON tags FOR SELECT TO synapscale_app USING (workspace_id IN (SELECT my_workspaces()));
CREATE POLICY changed_by_members ON tags TO synapscale_app USING (workspace_id IN (SELECT my_workspaces('{owner,admin,member}'))) WITH CHECK (workspace_id IN (SELECT my_workspaces('{owner,admin,member}')));

ALTER TABLE analytics_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by_members ON analytics_events FOR SELECT TO synapscale_app USING (workspace_id IN (SELECT my_workspaces()));
CREATE POLICY changed_by_members ON analytics_events TO synapscale_app USING (workspace_id IN (SELECT my_workspaces('{owner,admin,member}'))) WITH CHECK (workspace_id IN (SELECT my_workspaces('{owner,admin,member}')));

ALTER TABLE file_uploads ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by_members ON file_uploads FOR SELECT TO synapscale_app USING (workspace_id IN (SELECT my_workspaces()));
CREATE POLICY ones_own ON file_uploads TO synapscale_app
  USING (user_id = (SELECT current_user_id()) AND workspace_id IN (SELECT my_workspaces())) WITH CHECK (user_id = (SELECT current_user_id()) AND workspace_id IN (SELECT my_workspaces()));

ALTER TABLE message_feedbacks ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by_members ON message_feedbacks FOR SELECT TO synapscale_app USING (workspace_id IN (SELECT my_workspaces()));
CREATE POLICY ones_own ON message_feedbacks TO synapscale_app
  USING (user_id = (SELECT current_user_id()) AND workspace_id IN (SELECT my_workspaces())) WITH CHECK (user_id = (SELECT current_user_id()) AND workspace_id IN (SELECT my_workspaces()));

ALTER TABLE templates ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by_members ON templates FOR SELECT TO synapscale_app USING (workspace_id IS NULL OR workspace_id IN (SELECT my_workspaces()));
CREATE POLICY changed_by_members ON templates TO synapscale_app USING (workspace_id IN (SELECT my_workspaces('{owner,admin,member}'))) WITH CHECK (workspace_id IN (SELECT my_workspaces('{owner,admin,member}')));

ALTER TABLE usage_logs ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by_members ON usage_logs FOR SELECT TO synapscale_app USING (workspace_id IN (SELECT my_workspaces()));
CREATE POLICY logged_by_members ON usage_logs FOR INSERT TO synapscale_app WITH CHECK (billing_event_id IS NULL AND workspace_id IN (SELECT my_workspaces('{owner,admin,member}')));

ALTER TABLE billing_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by_admins ON billing_events FOR SELECT TO synapscale_app USING (workspace_id IN (SELECT my_workspaces('{owner,admin}')));

ALTER TABLE system_alerts ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by_members ON system_alerts FOR SELECT TO synapscale_app USING (workspace_id IN (SELECT my_workspaces()));
CREATE POLICY resolved_by_admins ON system_alerts FOR UPDATE TO synapscale_app USING (workspace_id IN (SELECT my_workspaces('{owner,admin}')));

GRANT SELECT (id, email, username, full_name, is_active, is_superuser, last_login_at, created_at, updated_at) ON users TO synapscale_app;
GRANT UPDATE (email, username, full_name, password_hash, last_login_at) ON users TO synapscale_app;
GRANT SELECT, DELETE ON workspaces TO synapscale_app;
GRANT UPDATE (name, slug, description) ON workspaces TO synapscale_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON workspace_members, user_variables, agents, conversations, messages, workflows, workflow_executions, nodes,
  templates, files, file_uploads, tags, message_feedbacks, analytics_events TO synapscale_app;
GRANT SELECT ON llms, billing_events, system_alerts TO synapscale_app;
GRANT SELECT, INSERT ON usage_logs TO synapscale_app;
GRANT UPDATE (resolved_by, resolved_at) ON system_alerts TO synapscale_app;

-- Doors that are open before there is a user --------------------------------------------------------------------------

CREATE FUNCTION register_user(p_email text, p_username text, p_full_name text, p_password_hash text) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$ INSERT INTO public.users (email, username, full_name, password_hash) VALUES (p_email, p_username, p_full_name, p_password_hash) RETURNING id $$;
COMMENT ON FUNCTION register_user(text, text, text, text) IS 'Opens an account and answers its id.';

CREATE FUNCTION find_login(p_email text) RETURNS TABLE (id uuid, password_hash text, is_active boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$ SELECT u.id, u.password_hash, u.is_active FROM public.users u WHERE lower(u.email) = lower(p_email) $$;
COMMENT ON FUNCTION find_login(text) IS 'What the backend needs to check a password; for one address that somebody typed.';

CREATE FUNCTION create_workspace(p_name text, p_slug text) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  created uuid;
BEGIN
  IF public.current_user_id() IS NULL THEN
    RAISE EXCEPTION 'nobody is logged in' USING ERRCODE = 'insufficient_privilege', HINT = 'Set app.current_user_id first.';
  END IF;
  INSERT INTO public.workspaces (owner_id, name, slug) VALUES (public.current_user_id(), p_name, p_slug) RETURNING id INTO created;
  INSERT INTO public.workspace_members (workspace_id, user_id, role) VALUES (created, public.current_user_id(), 'owner');
  RETURN created;
END
$$;
COMMENT ON FUNCTION create_workspace(text, text) IS 'Makes a workspace that the asking user owns, and answers its id.';

CREATE FUNCTION isolation_holds() RETURNS boolean
LANGUAGE sql STABLE
AS $$ SELECT pg_catalog.row_security_active('messages') $$;
COMMENT ON FUNCTION isolation_holds() IS 'Whether policies bind the login that asks. The backend refuses to start where this is false: it has logged in as the owner.';

-- Usage and billing agree ---------------------------------------------------------------------------------------------

CREATE FUNCTION price_usage() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  spoken text;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    -- What may still happen: the message is deleted, the usage is billed.
    IF (OLD.workspace_id, OLD.llm_id, OLD.input_tokens, OLD.output_tokens, OLD.cost, OLD.currency, OLD.created_at)
       IS DISTINCT FROM (NEW.workspace_id, NEW.llm_id, NEW.input_tokens, NEW.output_tokens, NEW.cost, NEW.currency, NEW.created_at)
       OR OLD.billing_event_id IS NOT NULL AND NEW.billing_event_id IS DISTINCT FROM OLD.billing_event_id
       OR NEW.message_id IS NOT NULL AND NEW.message_id IS DISTINCT FROM OLD.message_id THEN
      RAISE EXCEPTION 'usage that was logged cannot be changed' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  SELECT m.role INTO spoken FROM public.messages m WHERE m.id = NEW.message_id;
  IF spoken <> 'assistant' THEN
    RAISE EXCEPTION 'usage belongs to an answer, not to a message of role %', spoken USING ERRCODE = 'check_violation';
  END IF;
  SELECT (NEW.input_tokens * l.input_price_per_million + NEW.output_tokens * l.output_price_per_million) / 1000000, l.currency
  INTO NEW.cost, NEW.currency FROM public.llms l WHERE l.id = NEW.llm_id;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION price_usage() IS 'Computes what usage cost, whatever the insert says, and keeps it from being changed.';
CREATE TRIGGER price_usage BEFORE INSERT OR UPDATE ON usage_logs FOR EACH ROW EXECUTE FUNCTION price_usage();

CREATE FUNCTION keep_usage() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE public.usage_logs SET message_id = NULL WHERE message_id = OLD.id;
  RETURN OLD;
END
$$;
COMMENT ON FUNCTION keep_usage() IS 'What an answer used remains to be paid after it has been deleted.';
CREATE TRIGGER keep_usage BEFORE DELETE ON messages FOR EACH ROW EXECUTE FUNCTION keep_usage();

CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME USING ERRCODE = 'check_violation', HINT = 'Enter a credit or a refund.';
END
$$;
COMMENT ON FUNCTION refuse_change() IS 'Keeps a table from being changed.';
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON billing_events FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE FUNCTION bill_usage(p_workspace_id uuid) RETURNS SETOF billing_events
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  unbilled record;
  event    public.billing_events;
BEGIN
  -- One bill at a time, so that no usage is on two.
  PERFORM 1 FROM public.workspaces WHERE id = p_workspace_id FOR NO KEY UPDATE;
  FOR unbilled IN
    SELECT u.currency, array_agg(u.id) AS ids, sum(u.cost) AS cost, count(*) AS answers FROM public.usage_logs u
    WHERE u.workspace_id = p_workspace_id AND u.billing_event_id IS NULL GROUP BY u.currency ORDER BY u.currency
  LOOP
    INSERT INTO public.billing_events (workspace_id, event_type, amount, currency, description)
    VALUES (p_workspace_id, 'usage', unbilled.cost, unbilled.currency, unbilled.answers || ' answers') RETURNING * INTO event;
    UPDATE public.usage_logs SET billing_event_id = event.id WHERE id = ANY (unbilled.ids);
    RETURN NEXT event;
  END LOOP;
END
$$;
COMMENT ON FUNCTION bill_usage(uuid) IS 'Charges a workspace for what it has used since the last time, one event per currency.';

CREATE FUNCTION billing_discrepancies() RETURNS TABLE (billing_event_id bigint, charged numeric, used numeric)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT b.id, b.amount, coalesce(sum(u.cost), 0) FROM public.billing_events b LEFT JOIN public.usage_logs u ON u.billing_event_id = b.id
  WHERE b.event_type = 'usage' GROUP BY b.id, b.amount HAVING b.amount <> coalesce(sum(u.cost), 0)
$$;
COMMENT ON FUNCTION billing_discrepancies() IS 'Charges that are not the sum of their usage. There are none.';

-- Tags and clocks -----------------------------------------------------------------------------------------------------

CREATE FUNCTION check_tag() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  there boolean;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT FROM public.%I WHERE id = $1 AND workspace_id = $2)', NEW.target_type || 's') INTO there USING NEW.target_id, NEW.workspace_id;
  IF NOT there THEN
    RAISE EXCEPTION 'there is no such % in the workspace', NEW.target_type USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION check_tag() IS 'A tag is on something that is there, in its own workspace.';
CREATE TRIGGER check_tag BEFORE INSERT OR UPDATE ON tags FOR EACH ROW WHEN (NEW.target_type IN ('agent', 'conversation', 'workflow', 'file')) EXECUTE FUNCTION check_tag();

CREATE FUNCTION drop_tags() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  DELETE FROM public.tags WHERE workspace_id = OLD.workspace_id AND target_type || 's' = TG_TABLE_NAME AND target_id = OLD.id;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION drop_tags() IS 'The tags of a thing go with it.';
CREATE TRIGGER drop_tags AFTER DELETE ON agents FOR EACH ROW EXECUTE FUNCTION drop_tags();
CREATE TRIGGER drop_tags AFTER DELETE ON conversations FOR EACH ROW EXECUTE FUNCTION drop_tags();
CREATE TRIGGER drop_tags AFTER DELETE ON workflows FOR EACH ROW EXECUTE FUNCTION drop_tags();
CREATE TRIGGER drop_tags AFTER DELETE ON files FOR EACH ROW EXECUTE FUNCTION drop_tags();

CREATE FUNCTION stamp_updated_at() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION stamp_updated_at() IS 'Moves updated_at.';
CREATE TRIGGER stamp_updated_at BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION stamp_updated_at();
CREATE TRIGGER stamp_updated_at BEFORE UPDATE ON workspaces FOR EACH ROW EXECUTE FUNCTION stamp_updated_at();
CREATE TRIGGER stamp_updated_at BEFORE UPDATE ON user_variables FOR EACH ROW EXECUTE FUNCTION stamp_updated_at();
CREATE TRIGGER stamp_updated_at BEFORE UPDATE ON llms FOR EACH ROW EXECUTE FUNCTION stamp_updated_at();
CREATE TRIGGER stamp_updated_at BEFORE UPDATE ON agents FOR EACH ROW EXECUTE FUNCTION stamp_updated_at();
CREATE TRIGGER stamp_updated_at BEFORE UPDATE ON conversations FOR EACH ROW EXECUTE FUNCTION stamp_updated_at();
CREATE TRIGGER stamp_updated_at BEFORE UPDATE ON workflows FOR EACH ROW EXECUTE FUNCTION stamp_updated_at();
CREATE TRIGGER stamp_updated_at BEFORE UPDATE ON templates FOR EACH ROW EXECUTE FUNCTION stamp_updated_at();

REVOKE EXECUTE ON FUNCTION register_user(text, text, text, text), find_login(text), create_workspace(text, text), bill_usage(uuid),
  billing_discrepancies(), my_workspaces(text[]), my_colleagues(), price_usage(), keep_usage(), check_tag(), drop_tags() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION register_user(text, text, text, text), find_login(text), create_workspace(text, text), my_workspaces(text[]), my_colleagues()
  TO synapscale_app;

-- DOWN operations
-- DROP TRIGGER stamp_updated_at ON templates;
-- DROP TRIGGER stamp_updated_at ON workflows;
-- DROP TRIGGER stamp_updated_at ON conversations;
-- DROP TRIGGER stamp_updated_at ON agents;
-- DROP TRIGGER stamp_updated_at ON llms;
-- DROP TRIGGER stamp_updated_at ON user_variables;
-- DROP TRIGGER stamp_updated_at ON workspaces;
-- DROP TRIGGER stamp_updated_at ON users;
-- DROP TRIGGER drop_tags ON files;
-- DROP TRIGGER drop_tags ON workflows;
-- DROP TRIGGER drop_tags ON conversations;
-- DROP TRIGGER drop_tags ON agents;
-- DROP TRIGGER check_tag ON tags;
-- DROP TRIGGER refuse_change ON billing_events;
-- DROP TRIGGER keep_usage ON messages;
-- DROP TRIGGER price_usage ON usage_logs;
-- DROP FUNCTION stamp_updated_at(), drop_tags(), check_tag(), billing_discrepancies(), bill_usage(uuid), refuse_change(), keep_usage(), price_usage(),
--   isolation_holds(), create_workspace(text, text), find_login(text), register_user(text, text, text, text);
-- GRANT EXECUTE ON FUNCTION my_workspaces(text[]), my_colleagues() TO PUBLIC;
-- REVOKE EXECUTE ON FUNCTION my_workspaces(text[]), my_colleagues() FROM synapscale_app;
-- REVOKE ALL ON ALL TABLES IN SCHEMA public FROM synapscale_app;
-- REVOKE ALL (id, email, username, full_name, is_active, is_superuser, last_login_at, created_at, updated_at, password_hash) ON users FROM synapscale_app;
-- REVOKE ALL (name, slug, description) ON workspaces FROM synapscale_app;
-- REVOKE ALL (resolved_by, resolved_at) ON system_alerts FROM synapscale_app;
-- DROP POLICY seen_by_colleagues ON users;
-- DROP POLICY changed_by_oneself ON users;
-- DROP POLICY seen_by_members ON workspaces;
-- DROP POLICY changed_by_admins ON workspaces;
-- DROP POLICY deleted_by_owners ON workspaces;
-- DROP POLICY seen_by_members ON workspace_members;
-- DROP POLICY invited_by_admins ON workspace_members;
-- DROP POLICY changed_by_admins ON workspace_members;
-- DROP POLICY removed_by_admins_or_oneself ON workspace_members;
-- DROP POLICY ones_own ON user_variables;
-- DROP POLICY seen_by_everybody ON llms;
-- DROP POLICY seen_by_members ON agents;
-- DROP POLICY changed_by_members ON agents;
-- DROP POLICY seen_by_members ON conversations;
-- DROP POLICY changed_by_members ON conversations;
-- DROP POLICY seen_by_members ON messages;
-- DROP POLICY changed_by_members ON messages;
-- DROP POLICY seen_by_members ON workflows;
-- DROP POLICY changed_by_members ON workflows;
-- DROP POLICY seen_by_members ON workflow_executions;
-- DROP POLICY changed_by_members ON workflow_executions;
-- DROP POLICY seen_by_members ON nodes;
-- DROP POLICY changed_by_members ON nodes;
-- DROP POLICY seen_by_members ON files;
-- DROP POLICY changed_by_members ON files;
-- DROP POLICY seen_by_members ON tags;
-- DROP POLICY changed_by_members ON tags;
-- DROP POLICY seen_by_members ON analytics_events;
-- DROP POLICY changed_by_members ON analytics_events;
-- DROP POLICY seen_by_members ON file_uploads;
-- DROP POLICY ones_own ON file_uploads;
-- DROP POLICY seen_by_members ON message_feedbacks;
-- DROP POLICY ones_own ON message_feedbacks;
-- DROP POLICY seen_by_members ON templates;
-- DROP POLICY changed_by_members ON templates;
-- DROP POLICY seen_by_members ON usage_logs;
-- DROP POLICY logged_by_members ON usage_logs;
-- DROP POLICY seen_by_admins ON billing_events;
-- DROP POLICY seen_by_members ON system_alerts;
-- DROP POLICY resolved_by_admins ON system_alerts;
-- ALTER TABLE users DISABLE ROW LEVEL SECURITY;
-- ALTER TABLE workspaces DISABLE ROW LEVEL SECURITY;
-- ALTER TABLE workspace_members DISABLE ROW LEVEL SECURITY;
-- ALTER TABLE user_variables DISABLE ROW LEVEL SECURITY;
-- ALTER TABLE llms DISABLE ROW LEVEL SECURITY;
-- ALTER TABLE agents DISABLE ROW LEVEL SECURITY;
-- ALTER TABLE conversations DISABLE ROW LEVEL SECURITY;
-- ALTER TABLE messages DISABLE ROW LEVEL SECURITY;
-- ALTER TABLE workflows DISABLE ROW LEVEL SECURITY;
-- ALTER TABLE workflow_executions DISABLE ROW LEVEL SECURITY;
-- ALTER TABLE nodes DISABLE ROW LEVEL SECURITY;
-- ALTER TABLE files DISABLE ROW LEVEL SECURITY;
-- ALTER TABLE tags DISABLE ROW LEVEL SECURITY;
-- ALTER TABLE analytics_events DISABLE ROW LEVEL SECURITY;
-- ALTER TABLE file_uploads DISABLE ROW LEVEL SECURITY;
-- ALTER TABLE message_feedbacks DISABLE ROW LEVEL SECURITY;
-- ALTER TABLE templates DISABLE ROW LEVEL SECURITY;
-- ALTER TABLE usage_logs DISABLE ROW LEVEL SECURITY;
-- ALTER TABLE billing_events DISABLE ROW LEVEL SECURITY;
-- ALTER TABLE system_alerts DISABLE ROW LEVEL SECURITY;
