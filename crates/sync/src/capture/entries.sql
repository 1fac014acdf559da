-- purpose: each key that was noted as an entry of its own, also where a row of the changelog holds those of a statement in arrays
-- reads:   pg_catalog
-- writes:  creates the view, or adds columns that the changelog has got since
-- locks:   ACCESS EXCLUSIVE on the view
-- Types are spelled out: unnest() forgets the length of a varchar(20), and a view's column may not change its type.
DO $ponte$
DECLARE
  shown text; arrays text; names text;
BEGIN
  SELECT string_agg(format(CASE WHEN p.attname IS NULL THEN 'c.%1$I' ELSE 'u.%1$I::%2$s AS %1$I' END, a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum),
         string_agg(format('unnest(coalesce(c.%I, ARRAY[c.%I]))', p.attname, a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE p.attname IS NOT NULL),
         string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE p.attname IS NOT NULL)
  INTO shown, arrays, names
  FROM pg_attribute a LEFT JOIN pg_attribute p ON p.attrelid = a.attrelid AND p.attname = a.attname || 's' AND NOT p.attisdropped
  WHERE a.attrelid = to_regclass({changelog}) AND a.attnum > 0 AND NOT a.attisdropped AND a.attname !~ '^(k[0-9]+|version_at)s$';
  EXECUTE format('CREATE OR REPLACE VIEW %s AS SELECT %s FROM %s c', {entries}, shown, {changelog})
    || CASE WHEN arrays IS NULL THEN '' ELSE format(' CROSS JOIN LATERAL ROWS FROM (%s) AS u(%s)', arrays, names) END;
  EXECUTE format('COMMENT ON VIEW %s IS %L', {entries}, {comment});
END $ponte$;
