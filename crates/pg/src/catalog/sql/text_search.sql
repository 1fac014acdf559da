-- purpose: text search dictionaries and configurations
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT 'text search dictionary', n.nspname::text, NULL, t.dictname::text, NULL,
  ARRAY['template', 'options', 'owner', 'comment'],
  ARRAY[m.tmplname::text, t.dictinitoption, pg_get_userbyid(t.dictowner)::text, obj_description(t.oid, 'pg_ts_dict')]
FROM pg_ts_dict t JOIN pg_namespace n ON n.oid = t.dictnamespace JOIN pg_ts_template m ON m.oid = t.dicttemplate
WHERE {ours} AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_ts_dict'::regclass AND d.objid = t.oid AND d.deptype = 'e')
UNION ALL
SELECT 'text search configuration', n.nspname::text, NULL, t.cfgname::text, NULL,
  ARRAY['parser', 'mappings', 'owner', 'comment'],
  ARRAY[p.prsname::text,
        (SELECT string_agg(w.line, '; ' ORDER BY w.line)
         FROM (SELECT (SELECT k.alias FROM ts_token_type(t.cfgparser) k WHERE k.tokid = m.maptokentype) || ': '
                        || string_agg(m.mapdict::regdictionary::text, ', ' ORDER BY m.mapseqno) AS line
               FROM pg_ts_config_map m WHERE m.mapcfg = t.oid GROUP BY m.maptokentype) w),
        pg_get_userbyid(t.cfgowner)::text, obj_description(t.oid, 'pg_ts_config')]
FROM pg_ts_config t JOIN pg_namespace n ON n.oid = t.cfgnamespace JOIN pg_ts_parser p ON p.oid = t.cfgparser
WHERE {ours} AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_ts_config'::regclass AND d.objid = t.oid AND d.deptype = 'e')
