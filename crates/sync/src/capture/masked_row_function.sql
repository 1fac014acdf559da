-- purpose: log the key of one updated row and which columns changed, where statement triggers cannot see it
-- reads:   ponte.progress where a batch may be under way; pg_attribute; ponte.clock where the table has no version column
-- writes:  the changelog; at most one NOTIFY per transaction, and only while somebody listens
-- locks:   a shared advisory transaction lock that tells whether somebody listens
CREATE OR REPLACE FUNCTION {function}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $ponte$
BEGIN
  {return_if_applying}
  IF {known} THEN
    INSERT INTO {log} ({staged_key}, op, version_at, changed{delta})
    VALUES ({row_key}, 'U', {version}, CASE WHEN {first_key} IS NOT NULL AND {same_key} THEN {mask} END{amounts});
  ELSE
    INSERT INTO {log} ({staged_key}, op, version_at) VALUES ({row_key}, 'U', {version});
  END IF;
  IF NOT pg_try_advisory_xact_lock_shared(1886350964, 1) THEN PERFORM pg_notify('ponte', ''); END IF;
  RETURN NULL;
END $ponte$;
COMMENT ON FUNCTION {function}() IS {comment};
