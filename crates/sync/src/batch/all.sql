-- purpose: every row of {table} in the form of a batch, for the first contact with a node that holds rows too
-- reads:   {table}
-- writes:  nothing
-- locks:   ACCESS SHARE
COPY (
  SELECT true, coalesce({version}, '-infinity'), '-infinity'::timestamptz, {node}::uuid, true, {row}
  FROM {table} t
) TO STDOUT (FORMAT {format})
