-- purpose: log the keys that one {event} statement touched: a few each in a row of its own, many in arrays, which is several times as cheap
-- reads:   ponte.progress where a batch may be under way; the transition table, ponte.clock where the table has no version column
-- writes:  the changelog; at most one NOTIFY per transaction, and only while somebody listens
-- locks:   a shared advisory transaction lock that tells whether somebody listens
-- Each step takes up the rows where the one before it left off; a transition table is read in the same order every time.
CREATE OR REPLACE FUNCTION {function}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $ponte$
DECLARE
  noted bigint;
BEGIN
  {return_if_applying}
  INSERT INTO {log} ({staged_key}, op, version_at) SELECT {row_key}, '{op}', {version} FROM {rows} r LIMIT {few};
  GET DIAGNOSTICS noted = ROW_COUNT;
  IF noted = 0 THEN RETURN NULL; END IF;
  IF noted = {few} THEN
    INSERT INTO {log} (op, version_at, {packed_names}, version_ats)
    SELECT '{op}', max(x.version_at), {packed}, array_agg(x.version_at)
    FROM (SELECT {named_key}, {version} AS version_at FROM {rows} r OFFSET {few} LIMIT {many}) x
    HAVING count(*) > 0
    RETURNING cardinality(version_ats) INTO noted;
    IF noted = {many} THEN
      INSERT INTO {log} (op, version_at, {packed_names}, version_ats)
      SELECT '{op}', max(x.version_at), {packed}, array_agg(x.version_at)
      FROM (SELECT {named_key}, {version} AS version_at, (row_number() OVER () - 1) / {many} AS portion FROM {rows} r OFFSET {few_and_many}) x
      GROUP BY x.portion;
    END IF;
  END IF;
  IF NOT pg_try_advisory_xact_lock_shared(1886350964, 1) THEN PERFORM pg_notify('ponte', ''); END IF;
  RETURN NULL;
END $ponte$;
