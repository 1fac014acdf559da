-- purpose: the parts of the changelog, which capture fills by turns, so that an old one can be emptied as a whole
-- reads:   the catalog entries of the changelog and of its sequence
-- writes:  creates what is missing; notes the parts in ponte.changelog_part
-- locks:   SHARE UPDATE EXCLUSIVE on the changelog where parts are missing
DO $ponte$
DECLARE
  part text;
BEGIN
  FOREACH part IN ARRAY ARRAY[{parts}] LOOP
    CONTINUE WHEN to_regclass(part) IS NOT NULL;
    EXECUTE format('CREATE TABLE %s () INHERITS (%s)', part, {changelog});
    EXECUTE format('ALTER TABLE %s ALTER COLUMN seq SET DEFAULT nextval(%L), ADD PRIMARY KEY (xid, seq)', part, pg_get_serial_sequence({changelog}, 'seq'));
    EXECUTE format('COMMENT ON TABLE %s IS %L', part, {comment});
  END LOOP;
END $ponte$;
INSERT INTO ponte.changelog_part (table_schema, table_name, part, filling)
SELECT {schema_name}, {table_name}, n, n = 1 FROM generate_series(0, 3) n
ON CONFLICT DO NOTHING;
