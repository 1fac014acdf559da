-- purpose: where a batch for the table lands at its target, and the plan of what has to be written
-- reads:   the catalog entry of the table
-- writes:  two temporary tables
-- locks:   ACCESS SHARE on the table
CREATE TEMPORARY TABLE IF NOT EXISTS {stage} ON COMMIT {end} AS
  SELECT true AS present, now() AS version_at, now() AS changed_at, NULL::uuid AS node, true AS inserted,
         NULL::bigint AS turn, NULL::text[] AS refused, NULL::boolean AS contested, {row}{noted}
  FROM {table} t WITH NO DATA;
CREATE TEMPORARY TABLE IF NOT EXISTS {plan} ON COMMIT {end} AS
  SELECT t.ctid AS staged, t.xmin AS seen, true AS present, NULL::boolean AS parked, {keys}
  FROM {table} t WITH NO DATA
