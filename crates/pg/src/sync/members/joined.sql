-- purpose: the tables that passes of the link $1 carry on this node, as quoted names; an expression
-- reads:   ponte.link_table
-- writes:  nothing
-- locks:   none
ARRAY(
  SELECT '"' || replace(m.table_schema, '"', '""') || '"."' || replace(m.table_name, '"', '""') || '"' FROM ponte.link_table m
  WHERE m.link = $1 AND coalesce((to_jsonb(m) ->> 'joined')::boolean, true))
