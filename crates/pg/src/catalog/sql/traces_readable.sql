-- purpose: whether these tables of ours are here and this role may read them
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT coalesce(bool_and(coalesce(has_table_privilege(to_regclass(t.name), 'SELECT') AND has_schema_privilege(to_regnamespace('ponte'), 'USAGE'), false)), false)
FROM unnest($1::text[]) t (name)
