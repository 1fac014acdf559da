-- purpose: remove the sync's bookkeeping once the last link is gone; whatever else lives in schema ponte stays
-- reads:   pg_catalog
-- writes:  drops what install.sql created, and the schema if nothing is left in it
-- locks:   ACCESS EXCLUSIVE on our own tables only
DROP FUNCTION IF EXISTS ponte.is_applying();
DROP TABLE IF EXISTS ponte.copy_chunk, ponte.interleaved_sequence, ponte.guarded_trigger, ponte.quarantine, ponte.parked, ponte.conflict, ponte.truncation,
  ponte.approval, ponte.outgoing, ponte.progress,
  ponte.changelog_part, ponte.future_version, ponte.link_table, ponte.link, ponte.clock, ponte.node, ponte.metadata;
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = 'ponte'::regnamespace)
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc WHERE pronamespace = 'ponte'::regnamespace) THEN
    DROP SCHEMA ponte;
  END IF;
END $$;
