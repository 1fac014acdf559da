-- purpose: whether a sync is installed here and this role may read what it changed
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT coalesce(bool_and(coalesce(has_table_privilege(to_regclass(t.name), 'SELECT') AND has_schema_privilege(to_regnamespace('ponte'), 'USAGE'), false)), false)
FROM unnest(ARRAY['ponte.interleaved_sequence', 'ponte.guarded_trigger']) t (name)
