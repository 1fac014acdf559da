-- purpose: log the keys that one update statement touched, and which columns of each it changed
-- reads:   ponte.progress where a batch may be under way; pg_attribute; both transition tables, ponte.clock where the table has no version column
-- writes:  the changelog; at most one NOTIFY per transaction, and only while somebody listens
-- locks:   a shared advisory transaction lock that tells whether somebody listens
-- The plan of the join is kept for the session, so it must not be one for few rows.
CREATE OR REPLACE FUNCTION {function}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $ponte$
BEGIN
  {return_if_applying}
  IF {known} THEN
    INSERT INTO {log} ({staged_key}, op, version_at, changed{delta})
    SELECT {row_key}, 'U', {version}, CASE WHEN {first_key} IS NOT NULL THEN {mask} END{amounts}
    FROM ponte_new r LEFT JOIN ponte_old o ON {same_key};
  ELSE
    INSERT INTO {log} ({staged_key}, op, version_at) SELECT {row_key}, 'U', {version} FROM ponte_new r;
  END IF;
  IF FOUND AND NOT pg_try_advisory_xact_lock_shared(1886350964, 1) THEN PERFORM pg_notify('ponte', ''); END IF;
  RETURN NULL;
END $ponte$;
COMMENT ON FUNCTION {function}() IS {comment};
