-- purpose: keys that cut the table into parts of about the same size, chosen from a sample of its pages
-- reads:   some pages of the table
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT ARRAY[{texts}]::text[]
FROM (
  SELECT {keys}, row_number() OVER (ORDER BY {order}) AS n, count(*) OVER () AS total
  FROM {table} t TABLESAMPLE SYSTEM ({percent})) s
WHERE s.n < s.total AND s.n * {chunks} / s.total <> (s.n - 1) * {chunks} / s.total
ORDER BY s.n
