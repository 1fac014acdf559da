-- purpose: the parts of one changelog: how large each is, and for how many seconds it has been filled, or left alone
-- reads:   ponte.changelog_part, ponte.link_table; sizes of files
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT {position}::bigint, p.part, p.filling, coalesce(pg_relation_size(r.relation), 0), extract(epoch FROM clock_timestamp() - p.since)::float8,
       (SELECT max(coalesce(t.retention_seconds, {default})) FROM ponte.link_table t WHERE t.table_schema = p.table_schema AND t.table_name = p.table_name)
FROM ponte.changelog_part p JOIN (VALUES {relations}) r(part, relation) USING (part)
WHERE p.table_schema = {schema_name} AND p.table_name = {table_name}
