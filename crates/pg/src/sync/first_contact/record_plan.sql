-- purpose: write down the chunks that lie between so many bounds, all or none; a plan that is there already stays
-- reads:   nothing
-- writes:  ponte.copy_chunk
-- locks:   the new rows
WITH bounds AS (
  SELECT b.position, b.bound::text[] AS bound FROM unnest($7::text[]) WITH ORDINALITY b(bound, position)
), chunks AS (
  SELECT n AS chunk, (SELECT b.bound FROM bounds b WHERE b.position = n - 1) AS key_from,
         (SELECT b.bound FROM bounds b WHERE b.position = n) AS key_to, count(*) OVER () AS total
  FROM generate_series(1, (SELECT count(*) FROM bounds) + 1) n
)
INSERT INTO ponte.copy_chunk (link, table_schema, table_name, chunk, source_id, route, key_from, key_to, rows_expected)
SELECT $1::text, $2::text, $3::text, c.chunk, $4::uuid, $5::text, c.key_from, c.key_to,
       $6::bigint * c.chunk / c.total - $6::bigint * (c.chunk - 1) / c.total
FROM chunks c
ON CONFLICT DO NOTHING
