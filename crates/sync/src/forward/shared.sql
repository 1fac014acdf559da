-- purpose: which tables of the link $1 other links of this node carry too, as quoted names; an expression
-- reads:   ponte.link_table
-- writes:  nothing
-- locks:   none
ARRAY(
  SELECT '"' || replace(m.table_schema, '"', '""') || '"."' || replace(m.table_name, '"', '""') || '"' FROM ponte.link_table m
  WHERE m.link = $1 AND EXISTS (
    SELECT FROM ponte.link_table o WHERE o.link <> $1 AND o.table_schema = m.table_schema AND o.table_name = m.table_name)
  ORDER BY 1)
