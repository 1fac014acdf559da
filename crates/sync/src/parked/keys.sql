-- purpose: the keys of the table that are parked on this node, in the key's own types; each element is read by its type's input function
-- reads:   ponte.parked, the row type of the changelog
-- writes:  nothing
-- locks:   ACCESS SHARE
SELECT {conflict}{keys}
    FROM ponte.parked p CROSS JOIN LATERAL jsonb_populate_record(NULL::{changelog}, jsonb_build_object({values})) r
    WHERE p.link = {link} AND p.table_schema = {schema_name} AND p.table_name = {table_name}
