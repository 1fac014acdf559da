-- purpose: the keys of the rows that a batch wrote or had to leave, and how
-- reads:   the catalog entry of the table
-- writes:  a temporary table
-- locks:   ACCESS SHARE on the table
CREATE TEMPORARY TABLE IF NOT EXISTS {noted} ON COMMIT {end} AS
  SELECT {keys}, ''::text AS operation, now() AS version_at, NULL::text AS sqlstate, NULL::text AS error
  FROM {table} t WITH NO DATA
