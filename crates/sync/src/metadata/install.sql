-- purpose: our own bookkeeping in schema ponte, for any number of links; harmless when run again
-- reads:   nothing
-- writes:  creates schema ponte and the tables below where they are missing, one row each in node, clock and metadata
-- locks:   none on the user's tables
CREATE SCHEMA IF NOT EXISTS ponte;

CREATE TABLE IF NOT EXISTS ponte.metadata (
  part text PRIMARY KEY,
  release integer NOT NULL
);
COMMENT ON TABLE ponte.metadata IS 'Layout of each part of this schema, so that an older program refuses a newer one.';

CREATE TABLE IF NOT EXISTS ponte.node (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  created_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE ponte.node ADD COLUMN IF NOT EXISTS system_identifier bigint, ADD COLUMN IF NOT EXISTS database_oid oid;
COMMENT ON COLUMN ponte.node.database_oid IS 'Where the id was given out, with system_identifier (NULL where the role may not ask): a copy of this row elsewhere is noticed.';
COMMENT ON TABLE ponte.node IS 'Who this database is among those that sync with it.';

CREATE TABLE IF NOT EXISTS ponte.clock (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  seen timestamptz NOT NULL DEFAULT '-infinity'
);
COMMENT ON TABLE ponte.clock IS 'The newest version that arrived from elsewhere; local changes without a version column are ordered after it.';

CREATE TABLE IF NOT EXISTS ponte.link (
  link text PRIMARY KEY,
  node text NOT NULL,
  peer text NOT NULL,
  peer_id uuid NOT NULL,
  ready boolean NOT NULL DEFAULT false,
  paused boolean NOT NULL DEFAULT false,
  installed_snapshot pg_snapshot NOT NULL,
  layout integer NOT NULL DEFAULT 4,
  created_at timestamptz NOT NULL DEFAULT now()
);
-- Links that an older release made are brought up to date one by one, each with its tables.
ALTER TABLE ponte.link ADD COLUMN IF NOT EXISTS layout integer NOT NULL DEFAULT 1;
ALTER TABLE ponte.link ALTER COLUMN layout SET DEFAULT 4;
COMMENT ON TABLE ponte.link IS 'The links of this database; ready once the first contact is complete.';

CREATE TABLE IF NOT EXISTS ponte.link_table (
  link text NOT NULL REFERENCES ponte.link ON DELETE CASCADE,
  table_schema text NOT NULL,
  table_name text NOT NULL,
  key_columns text[] NOT NULL,
  other_columns text[] NOT NULL,
  version_column text,
  max_future_seconds bigint,
  PRIMARY KEY (link, table_schema, table_name)
);
ALTER TABLE ponte.link_table ADD COLUMN IF NOT EXISTS capture_marks text;
COMMENT ON COLUMN ponte.link_table.capture_marks IS 'What the capture triggers looked like when the link last trusted them; NULL until it looks.';
ALTER TABLE ponte.link_table ADD COLUMN IF NOT EXISTS version_column text, ADD COLUMN IF NOT EXISTS max_future_seconds bigint;
ALTER TABLE ponte.link_table ADD COLUMN IF NOT EXISTS retention_seconds bigint;
COMMENT ON COLUMN ponte.link_table.retention_seconds IS 'How long the changelog keeps what has arrived everywhere, as the link asked last; the longest of all links counts.';
ALTER TABLE ponte.link_table
  ADD COLUMN IF NOT EXISTS installed_snapshot pg_snapshot,
  ADD COLUMN IF NOT EXISTS joined boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN ponte.link_table.installed_snapshot IS 'Of a table that came to the link later: what its capture has noted since is here.';
COMMENT ON COLUMN ponte.link_table.joined IS 'Whether passes carry the table: false until its first contact is complete.';
ALTER TABLE ponte.link_table ADD COLUMN IF NOT EXISTS masked boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN ponte.link_table.masked IS 'Whether the link needs to know which columns changed.';
COMMENT ON TABLE ponte.link_table IS 'Which tables a link carries, by which key, and what its changes are ordered by. Links that share a table agree on all of it.';

CREATE TABLE IF NOT EXISTS ponte.changelog_part (
  table_schema text NOT NULL,
  table_name text NOT NULL,
  part smallint NOT NULL,
  filling boolean NOT NULL,
  since timestamptz NOT NULL DEFAULT clock_timestamp(),
  emptied_at timestamptz,
  emptied_to xid8,
  PRIMARY KEY (table_schema, table_name, part)
);
COMMENT ON TABLE ponte.changelog_part IS 'The parts of each changelog: which one capture fills, and since when that or the opposite is so. Part 0 is the changelog itself.';
COMMENT ON COLUMN ponte.changelog_part.emptied_to IS 'The newest transaction whose entries were given up with the part; all links had them.';

CREATE TABLE IF NOT EXISTS ponte.future_version (
  table_schema text NOT NULL,
  table_name text NOT NULL,
  changes bigint NOT NULL DEFAULT 0,
  newest timestamptz,
  last_at timestamptz,
  seen pg_snapshot NOT NULL,
  PRIMARY KEY (table_schema, table_name)
);
COMMENT ON TABLE ponte.future_version IS 'Changes made here whose version lay too far ahead of the clock and was cut back: how many, the newest version, the last time.';
COMMENT ON COLUMN ponte.future_version.seen IS 'Entries of the changelog that are visible in it have been looked at.';

CREATE TABLE IF NOT EXISTS ponte.progress (
  link text PRIMARY KEY REFERENCES ponte.link ON DELETE CASCADE,
  consumed pg_snapshot NOT NULL,
  applying xid8,
  batches bigint NOT NULL DEFAULT 0,
  upserts bigint NOT NULL DEFAULT 0,
  deletes bigint NOT NULL DEFAULT 0,
  conflicts bigint NOT NULL DEFAULT 0,
  updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE ponte.progress IS 'How far the peer''s changes have arrived here; written in the transaction that applies them.';
COMMENT ON COLUMN ponte.progress.consumed IS 'A snapshot of the peer: all of its changes visible in it are here.';
COMMENT ON COLUMN ponte.progress.applying IS 'The transaction that wrote this row; capture believes the setting ponte.applying only in that one.';

CREATE TABLE IF NOT EXISTS ponte.outgoing (
  link text PRIMARY KEY REFERENCES ponte.link ON DELETE CASCADE,
  consumed pg_snapshot NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE ponte.outgoing ADD COLUMN IF NOT EXISTS offered pg_snapshot;
COMMENT ON COLUMN ponte.outgoing.offered IS 'What the peer is about to consume, flushed before it does. A peer that holds neither this nor consumed remembers what we have lost.';
COMMENT ON TABLE ponte.outgoing IS 'How far our changes have arrived at the peer, as last reported; behind the truth after a crash, never ahead of it.';

CREATE TABLE IF NOT EXISTS ponte.truncation (
  id bigint GENERATED ALWAYS AS IDENTITY,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  table_schema text NOT NULL,
  table_name text NOT NULL,
  truncated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (xid, id)
);
COMMENT ON TABLE ponte.truncation IS 'TRUNCATEs of synced tables that removed rows, until every peer has them.';

CREATE TABLE IF NOT EXISTS ponte.approval (
  link text NOT NULL REFERENCES ponte.link ON DELETE CASCADE,
  table_schema text NOT NULL,
  table_name text NOT NULL,
  consumed pg_snapshot NOT NULL,
  deletes bigint NOT NULL,
  approved_by text NOT NULL DEFAULT session_user,
  approved_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (link, table_schema, table_name)
);
COMMENT ON TABLE ponte.approval IS 'Mass deletes that a person let pass: so many of a table, in the batch that starts from this snapshot, and no more.';

CREATE TABLE IF NOT EXISTS ponte.conflict (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  link text NOT NULL,
  table_schema text NOT NULL,
  table_name text NOT NULL,
  kind text NOT NULL,
  winner text,
  key_values text[] NOT NULL,
  columns text[] NOT NULL,
  here text NOT NULL,
  here_image text[],
  here_version_at timestamptz NOT NULL,
  here_changed_at timestamptz NOT NULL,
  there text NOT NULL,
  there_image text[],
  there_version_at timestamptz NOT NULL,
  there_changed_at timestamptz NOT NULL,
  found_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX IF NOT EXISTS conflict_found_at ON ponte.conflict (found_at);
ALTER TABLE ponte.conflict
  ALTER COLUMN winner DROP NOT NULL,
  ADD COLUMN IF NOT EXISTS kept text,
  ADD COLUMN IF NOT EXISTS resolved_at timestamptz,
  ADD COLUMN IF NOT EXISTS taken text[];
COMMENT ON TABLE ponte.conflict IS 'Rows that were changed on both sides: both images, both versions, and the node that won.';
COMMENT ON COLUMN ponte.conflict.winner IS 'The node whose row stayed; NULL while a person has to decide.';
COMMENT ON COLUMN ponte.conflict.taken IS 'Where winner is merged: the node that each of columns came from; NULL in it where both rows agreed.';
COMMENT ON COLUMN ponte.conflict.kept IS 'The node whose row a person chose afterwards.';
COMMENT ON COLUMN ponte.conflict.here_image IS 'Values of columns in the types'' own text form; NULL where the row had been deleted here.';

CREATE TABLE IF NOT EXISTS ponte.parked (
  link text NOT NULL REFERENCES ponte.link ON DELETE CASCADE,
  table_schema text NOT NULL,
  table_name text NOT NULL,
  key_values text[] NOT NULL,
  conflict bigint NOT NULL UNIQUE REFERENCES ponte.conflict,
  PRIMARY KEY (link, table_schema, table_name, key_values)
);
COMMENT ON TABLE ponte.parked IS 'Keys whose conflict waits for a person: they do not travel in either direction.';

CREATE TABLE IF NOT EXISTS ponte.quarantine (
  id bigint GENERATED ALWAYS AS IDENTITY,
  link text NOT NULL REFERENCES ponte.link ON DELETE CASCADE,
  table_schema text NOT NULL,
  table_name text NOT NULL,
  key_values text[] NOT NULL,
  columns text[] NOT NULL,
  image text[],
  version_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  version_node uuid,
  kind text NOT NULL,
  sqlstate text NOT NULL,
  constraint_name text,
  message text NOT NULL,
  seen pg_snapshot NOT NULL,
  trying xid8,
  attempts integer NOT NULL DEFAULT 1,
  first_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  next_try_at timestamptz NOT NULL,
  PRIMARY KEY (link, table_schema, table_name, key_values)
);
ALTER TABLE ponte.quarantine ADD COLUMN IF NOT EXISTS changed varbit;
COMMENT ON COLUMN ponte.quarantine.changed IS 'Which of columns, the key aside, the peer''s updates changed, where its conflicts are merged; NULL where it is not known.';
COMMENT ON TABLE ponte.quarantine IS 'Rows of the peer that this database refuses, with the reason; each is tried again until it fits, is gone, or is given up.';
COMMENT ON COLUMN ponte.quarantine.image IS 'Values of columns in the types'' own text form; NULL where the peer deleted the row.';
COMMENT ON COLUMN ponte.quarantine.seen IS 'What the peer had consumed when the row was first refused: changes of the key after that wait here, unseen by the peer.';
COMMENT ON COLUMN ponte.quarantine.trying IS 'The transaction that tries the row; what still carries its number when that one ends has been accepted.';

CREATE TABLE IF NOT EXISTS ponte.guarded_trigger (
  table_schema text NOT NULL,
  table_name text NOT NULL,
  trigger_name text NOT NULL,
  original text NOT NULL,
  fires text NOT NULL,
  PRIMARY KEY (table_schema, table_name, trigger_name)
);
COMMENT ON TABLE ponte.guarded_trigger IS 'Triggers that were recreated so that they leave applied rows alone, with the statement that brings back the original.';

CREATE TABLE IF NOT EXISTS ponte.interleaved_sequence (
  sequence_schema text NOT NULL,
  sequence_name text NOT NULL,
  original_increment bigint NOT NULL,
  original_start bigint NOT NULL,
  family uuid,
  PRIMARY KEY (sequence_schema, sequence_name)
);
ALTER TABLE ponte.interleaved_sequence ADD COLUMN IF NOT EXISTS family uuid;
COMMENT ON COLUMN ponte.interleaved_sequence.family IS 'The same at all nodes whose numbers were divided from each other.';
COMMENT ON TABLE ponte.interleaved_sequence IS 'Sequences that count in larger steps since links exist, with their original step and start.';

CREATE TABLE IF NOT EXISTS ponte.copy_chunk (
  link text NOT NULL REFERENCES ponte.link ON DELETE CASCADE,
  table_schema text NOT NULL,
  table_name text NOT NULL,
  chunk integer NOT NULL,
  source_id uuid NOT NULL,
  route text NOT NULL,
  key_from text[],
  key_to text[],
  rows_expected bigint NOT NULL,
  rows bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  copied_at timestamptz,
  applying xid8,
  PRIMARY KEY (link, table_schema, table_name, chunk)
);
-- Capture asks for every statement, or every row, that a first contact writes.
CREATE INDEX IF NOT EXISTS copy_chunk_applying ON ponte.copy_chunk (applying);
COMMENT ON TABLE ponte.copy_chunk IS 'First contact: the ranges of keys that come here, each marked as copied by the transaction that wrote its rows.';
COMMENT ON COLUMN ponte.copy_chunk.key_from IS 'First key of the range; NULL where it has no lower end. key_to is the first one after it.';

CREATE OR REPLACE FUNCTION ponte.is_applying() RETURNS boolean
-- In this language a session plans it once.
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
  RETURN EXISTS (SELECT FROM ponte.progress p WHERE p.applying = pg_current_xact_id_if_assigned())
      OR EXISTS (SELECT FROM ponte.copy_chunk c WHERE c.applying = pg_current_xact_id_if_assigned());
END $$;
-- Every writer's triggers ask this, also where functions are not executable by default.
GRANT EXECUTE ON FUNCTION ponte.is_applying() TO PUBLIC;
COMMENT ON FUNCTION ponte.is_applying() IS 'Whether this very transaction applies a batch. A setting alone proves nothing: it can leak or be forged.';

INSERT INTO ponte.metadata VALUES ('sync', 4) ON CONFLICT (part) DO UPDATE SET release = greatest(metadata.release, excluded.release);
INSERT INTO ponte.node DEFAULT VALUES ON CONFLICT DO NOTHING;
INSERT INTO ponte.clock DEFAULT VALUES ON CONFLICT DO NOTHING;
