-- purpose: log the keys that one {event} statement touched
-- reads:   ponte.progress where a batch may be under way; the transition table, ponte.clock where the table has no version column
-- writes:  the changelog; at most one NOTIFY per transaction, and only while somebody listens
-- locks:   a shared advisory transaction lock that tells whether somebody listens
CREATE OR REPLACE FUNCTION {function}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $ponte$
BEGIN
  {return_if_applying}
  {note}
  IF FOUND AND NOT pg_try_advisory_xact_lock_shared(1886350964, 1) THEN PERFORM pg_notify('ponte', ''); END IF;
  RETURN NULL;
END $ponte$;
