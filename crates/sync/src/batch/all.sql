-- purpose: every row of a range of the table in the form of a batch, for the first contact with a node that holds rows too
-- reads:   the table
-- writes:  nothing
-- locks:   ACCESS SHARE
COPY (
  SELECT true, coalesce({version}, '-infinity'), '-infinity'::timestamptz, {node}::uuid, true, {shipped_keys}{shipped}{mask}
  FROM {table} t WHERE {range}{and_inside}
) TO STDOUT (FORMAT {format})
