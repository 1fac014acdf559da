-- purpose: extended statistics
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT 'statistics', n.nspname::text, NULL, s.stxname::text, NULL,
  ARRAY['definition', 'target', 'owner', 'comment'],
  ARRAY[pg_get_statisticsobjdef(s.oid), nullif(coalesce((to_jsonb(s) ->> 'stxstattarget')::int, -1), -1)::text,
        pg_get_userbyid(s.stxowner)::text, obj_description(s.oid, 'pg_statistic_ext')]
FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
WHERE {ours}
