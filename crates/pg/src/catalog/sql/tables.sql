-- purpose: tables, foreign and partitioned ones and partitions too
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
SELECT 'table', n.nspname::text, NULL, c.relname::text, NULL,
  ARRAY['persistence', 'partition key', 'partition of', 'bound', 'inherits', 'of type', 'access method', 'options', 'toast options',
        'row security', 'replica identity', 'foreign server', 'foreign options', 'owner', 'grants', 'comment'],
  ARRAY[
    CASE c.relpersistence WHEN 'u' THEN 'unlogged' END,
    CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END,
    CASE WHEN c.relispartition THEN (SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE i.inhrelid = c.oid) END,
    pg_get_expr(c.relpartbound, c.oid),
    CASE WHEN NOT c.relispartition THEN
      (SELECT string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = c.oid) END,
    CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END,
    CASE WHEN m.amname <> 'heap' THEN m.amname::text END,
    (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(c.reloptions) o),
    (SELECT string_agg(o, ', ' ORDER BY o) FROM pg_class toast, unnest(toast.reloptions) o WHERE toast.oid = c.reltoastrelid),
    CASE WHEN c.relforcerowsecurity THEN CASE WHEN c.relrowsecurity THEN 'enabled and forced' ELSE 'disabled, forced' END
         WHEN c.relrowsecurity THEN 'enabled' END,
    CASE WHEN c.relkind <> 'f' THEN CASE c.relreplident WHEN 'f' THEN 'full' WHEN 'n' THEN 'nothing' WHEN 'i' THEN
      (SELECT 'index ' || i.indexrelid::regclass FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident) END END,
    (SELECT s.srvname::text FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid),
    (SELECT {foreign_options} FROM pg_foreign_table f WHERE f.ftrelid = c.oid),
    pg_get_userbyid(c.relowner)::text, {grants}, obj_description(c.oid, 'pg_class')]
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am m ON m.oid = c.relam
WHERE {ours} AND c.relkind IN ('r', 'p', 'f')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
