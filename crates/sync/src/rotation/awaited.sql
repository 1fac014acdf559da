-- purpose: whether a part holds an entry that the peer of any link does not have yet; of a table that is still joining a link, all since its capture began
-- reads:   the part, ponte.link_table, ponte.outgoing
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT EXISTS (
  SELECT FROM ponte.link_table t LEFT JOIN ponte.outgoing o USING (link)
    CROSS JOIN LATERAL (SELECT CASE WHEN t.joined THEN o.consumed ELSE t.installed_snapshot END AS consumed) c
  WHERE t.table_schema = {schema_name} AND t.table_name = {table_name} AND (c.consumed IS NULL OR EXISTS (
    SELECT FROM ONLY {part} l
    WHERE l.xid >= pg_snapshot_xmin(c.consumed) AND NOT pg_visible_in_snapshot(l.xid, c.consumed) AND coalesce(l.only_link, t.link) = t.link
      -- What came over the only link of the table does not go back over it.
      AND (l.via IS DISTINCT FROM t.link OR EXISTS (
        SELECT FROM ponte.link_table m WHERE m.link <> t.link AND m.table_schema = t.table_schema AND m.table_name = t.table_name)))))
