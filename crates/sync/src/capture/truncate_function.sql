-- purpose: log the keys that a TRUNCATE is about to remove, and that it was one: it waits for approval at the other side
-- reads:   ponte.progress where a batch may be under way; the table; ponte.outgoing, to forget what has arrived everywhere
-- writes:  the changelog, ponte.truncation; at most one NOTIFY per transaction, and only while somebody listens
-- locks:   a shared advisory transaction lock that tells whether somebody listens
CREATE OR REPLACE FUNCTION {function}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $ponte$
BEGIN
  {return_if_applying}
  {note}
  IF NOT FOUND THEN RETURN NULL; END IF;
  DELETE FROM ponte.truncation d WHERE d.xid < (SELECT pg_snapshot_xmin(o.consumed) FROM ponte.outgoing o ORDER BY 1 LIMIT 1);
  INSERT INTO ponte.truncation (table_schema, table_name) VALUES (TG_TABLE_SCHEMA, TG_TABLE_NAME);
  IF NOT pg_try_advisory_xact_lock_shared(1886350964, 1) THEN PERFORM pg_notify('ponte', ''); END IF;
  RETURN NULL;
END $ponte$;
