-- Purpose: a journal of who changed which object with which statement, written by event triggers.
-- Reads:   pg_catalog.
-- Writes:  schema ponte_journal and the event triggers ponte_note_ddl and ponte_note_drop.
-- Locks:   only on what it creates.
--
-- The functions run with the rights of whoever installs this, a superuser or the provider's stand-in for one, on every DDL statement of anybody. So the
-- schema is its owner's alone, and not schema ponte: whoever owns that one could put a table with a trigger in the journal's place.
-- What goes wrong in them is swallowed: a statement of the user's never fails because of its note. Statements that may hold a password are not kept.
CREATE SCHEMA IF NOT EXISTS ponte_journal;
COMMENT ON SCHEMA ponte_journal IS 'who changed what; ponte verify --remove-journal takes it away';
CREATE TABLE IF NOT EXISTS ponte_journal.entry (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    done_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    role        text NOT NULL,
    application text NOT NULL,
    client      text,
    command     text NOT NULL,
    kind        text NOT NULL,
    identity    text NOT NULL,
    statement   text
);
COMMENT ON TABLE ponte_journal.entry IS 'the newest {rows_max} changes; statement is null where it may hold a password';

CREATE OR REPLACE FUNCTION ponte_journal.statement(command text) RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN current_query() !~* 'password|secret' AND command !~ 'SERVER|USER MAPPING|SUBSCRIPTION'
                THEN left(current_query(), {statement_chars_max}) END
$$;

CREATE OR REPLACE FUNCTION ponte_journal.forget(first bigint, last bigint) RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM ponte_journal.entry WHERE first / 100 <> (last + 1) / 100 AND id IN (
        SELECT e.id FROM ponte_journal.entry e WHERE e.id <= last - {rows_max} ORDER BY e.id LIMIT {rows_max} FOR UPDATE SKIP LOCKED)
$$;

CREATE OR REPLACE FUNCTION ponte_journal.note_ddl() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first bigint;
    last bigint;
BEGIN
    WITH noted AS (
        INSERT INTO ponte_journal.entry (role, application, client, command, kind, identity, statement)
        SELECT session_user, current_setting('application_name'), host(inet_client_addr()), c.command_tag, c.object_type, c.object_identity,
               ponte_journal.statement(c.command_tag)
        FROM pg_event_trigger_ddl_commands() c
        WHERE c.object_identity IS NOT NULL AND NOT c.in_extension AND coalesce(c.schema_name, '') !~ '^(pg_temp|pg_toast|ponte$|ponte_journal$)'
        LIMIT {rows_max}
        RETURNING id)
    SELECT min(id), max(id) INTO first, last FROM noted;
    PERFORM ponte_journal.forget(first, last);
EXCEPTION WHEN OTHERS THEN
    RAISE DEBUG 'cannot note a DDL statement: %', SQLERRM;
END
$$;

CREATE OR REPLACE FUNCTION ponte_journal.note_drop() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first bigint;
    last bigint;
BEGIN
    WITH noted AS (
        INSERT INTO ponte_journal.entry (role, application, client, command, kind, identity, statement)
        SELECT session_user, current_setting('application_name'), host(inet_client_addr()), tg_tag, d.object_type, d.object_identity,
               ponte_journal.statement(tg_tag)
        FROM pg_event_trigger_dropped_objects() d
        WHERE NOT d.is_temporary AND coalesce(d.schema_name, '') !~ '^(pg_temp|pg_toast|ponte$|ponte_journal$)'
          AND (d.original OR d.object_type NOT IN ('type', 'composite type', 'default value', 'toast table', 'table column', 'rule'))
        LIMIT {rows_max}
        RETURNING id)
    SELECT min(id), max(id) INTO first, last FROM noted;
    PERFORM ponte_journal.forget(first, last);
EXCEPTION WHEN OTHERS THEN
    RAISE DEBUG 'cannot note what was dropped: %', SQLERRM;
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ponte_journal FROM PUBLIC;
DROP EVENT TRIGGER IF EXISTS ponte_note_ddl;
DROP EVENT TRIGGER IF EXISTS ponte_note_drop;
CREATE EVENT TRIGGER ponte_note_ddl ON ddl_command_end EXECUTE FUNCTION ponte_journal.note_ddl();
CREATE EVENT TRIGGER ponte_note_drop ON sql_drop EXECUTE FUNCTION ponte_journal.note_drop();
