-- purpose: write down in a table of the user's what became of the rows of a batch
-- reads:   our notes, the stage
-- writes:  the user's table
-- locks:   ROW EXCLUSIVE on the user's table
INSERT INTO {log} ({columns})
SELECT {values}
FROM (
  SELECT {link}::text AS link, {schema_name}::text AS table_schema, {table_name}::text AS table_name, w.key, w.key_values, w.operation,
         {source}::text AS source, {target}::text AS target, w.status, w.error, w.sqlstate, w.version, w.rows, clock_timestamp() AS at
  FROM ({entries}) w) e
