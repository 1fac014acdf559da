-- purpose: event triggers; not those of the journal of changes
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT 'event trigger', NULL, NULL, e.evtname::text, NULL,
  ARRAY['event', 'function', 'tags', 'enabled', 'owner', 'comment'],
  ARRAY[e.evtevent::text, e.evtfoid::regprocedure::text, array_to_string(e.evttags, ', '),
        CASE e.evtenabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'on replicas' WHEN 'A' THEN 'always' END,
        pg_get_userbyid(e.evtowner)::text, obj_description(e.oid, 'pg_event_trigger')]
FROM pg_event_trigger e JOIN pg_proc f ON f.oid = e.evtfoid
WHERE f.pronamespace IS DISTINCT FROM to_regnamespace('ponte_journal') AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_event_trigger'::regclass AND d.objid = e.oid AND d.deptype = 'e')
