-- Purpose: take the journal and its event triggers away again.
-- Reads:   nothing.
-- Writes:  drops the event triggers ponte_note_ddl and ponte_note_drop, and schema ponte_journal.
-- Locks:   only on what it drops.
DROP EVENT TRIGGER IF EXISTS ponte_note_ddl;
DROP EVENT TRIGGER IF EXISTS ponte_note_drop;
DROP SCHEMA IF EXISTS ponte_journal CASCADE;
