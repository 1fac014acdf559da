-- purpose: operators
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT 'operator', n.nspname::text, NULL, o.oprname::text, coalesce(format_type(nullif(o.oprleft, 0), NULL), 'NONE') || ', ' || format_type(o.oprright, NULL),
  ARRAY['function', 'returns', 'commutator', 'negator', 'restrict', 'join', 'hashes', 'merges', 'owner', 'comment'],
  ARRAY[o.oprcode::oid::regprocedure::text, format_type(o.oprresult, NULL), nullif(o.oprcom, 0)::regoperator::text, nullif(o.oprnegate, 0)::regoperator::text,
        nullif(o.oprrest::oid, 0)::regproc::text, nullif(o.oprjoin::oid, 0)::regproc::text, CASE WHEN o.oprcanhash THEN 'yes' END,
        CASE WHEN o.oprcanmerge THEN 'yes' END, pg_get_userbyid(o.oprowner)::text, obj_description(o.oid, 'pg_operator')]
FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
-- One without a function is only a promise that another operator made.
WHERE {ours} AND o.oprcode <> 0
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_operator'::regclass AND d.objid = o.oid AND d.deptype = 'e')
