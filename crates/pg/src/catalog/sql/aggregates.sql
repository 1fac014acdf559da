-- purpose: aggregates
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT 'aggregate', n.nspname::text, NULL, p.proname::text, pg_get_function_identity_arguments(p.oid),
  ARRAY['returns', 'kind', 'state function', 'state type', 'state size', 'final function', 'final modifies', 'combine function',
        'serial function', 'deserial function', 'initial value', 'moving state function', 'moving inverse function', 'moving state type',
        'moving final function', 'moving initial value', 'sort operator', 'final extra', 'moving final extra', 'parallel', 'owner', 'grants', 'comment'],
  ARRAY[pg_get_function_result(p.oid), a.aggkind::text, a.aggtransfn::text, format_type(a.aggtranstype, NULL), a.aggtransspace::text,
        nullif(a.aggfinalfn::oid, 0)::regproc::text, a.aggfinalmodify::text, nullif(a.aggcombinefn::oid, 0)::regproc::text,
        nullif(a.aggserialfn::oid, 0)::regproc::text, nullif(a.aggdeserialfn::oid, 0)::regproc::text, a.agginitval,
        nullif(a.aggmtransfn::oid, 0)::regproc::text, nullif(a.aggminvtransfn::oid, 0)::regproc::text,
        CASE WHEN a.aggmtranstype <> 0 THEN format_type(a.aggmtranstype, NULL) END, nullif(a.aggmfinalfn::oid, 0)::regproc::text,
        a.aggminitval, nullif(a.aggsortop, 0)::regoperator::text, CASE WHEN a.aggfinalextra THEN 'yes' END,
        CASE WHEN a.aggmfinalextra THEN 'yes' END, p.proparallel::text,
        pg_get_userbyid(p.proowner)::text, {grants}, obj_description(p.oid, 'pg_proc')]
FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE {ours} AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
