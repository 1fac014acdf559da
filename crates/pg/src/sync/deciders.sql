-- purpose: what a function is that decides conflicts; no row where there is none with these arguments
-- reads:   pg_proc
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT p.prokind = 'f' AND NOT p.proretset AND p.prorettype = p.proargtypes[0], p.provolatile = 'i', has_function_privilege(p.oid, 'EXECUTE'),
       md5(pg_get_functiondef(p.oid))
FROM pg_proc p WHERE p.oid = to_regprocedure({signature})
