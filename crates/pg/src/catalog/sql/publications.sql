-- purpose: publications with what they publish
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT 'publication', NULL, NULL, p.pubname::text, NULL,
  ARRAY['all tables', 'operations', 'via root', 'tables', 'schemas', 'owner', 'comment'],
  ARRAY[CASE WHEN p.puballtables THEN 'yes' END,
        concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
                  CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END),
        CASE WHEN p.pubviaroot THEN 'yes' END,
        (SELECT string_agg(r.prrelid::regclass
                  || coalesce(' (' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname) FROM pg_attribute a
                              WHERE a.attrelid = r.prrelid AND a.attnum::text = ANY (regexp_split_to_array(btrim(to_jsonb(r) ->> 'prattrs', '[]'), '[, ]+'))) || ')', '')
                  || coalesce(' WHERE ' || {filter}, ''), ', ' ORDER BY r.prrelid::regclass::text)
         FROM pg_publication_rel r WHERE r.prpubid = p.oid),
        {schemas},
        pg_get_userbyid(p.pubowner)::text, obj_description(p.oid, 'pg_publication')]
FROM pg_publication p
