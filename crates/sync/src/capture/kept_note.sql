-- purpose: log the keys of deleted rows, and whether those were outside the filter; a part of a capture function
-- reads:   the rows, whatever the filter reads
-- writes:  the changelog
-- locks:   ROW EXCLUSIVE on the changelog
  BEGIN
    INSERT INTO {log} ({staged_key}, op, version_at, outside) SELECT {row_key}, '{op}', {version}, NOT {inside}{from};
  EXCEPTION WHEN OTHERS THEN
    INSERT INTO {log} ({staged_key}, op, version_at, outside) SELECT {row_key}, '{op}', {version}, true{from};
  END;
