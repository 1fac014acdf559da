-- purpose: note that capture fills another part from now on; transactions under way may still write to the old one
-- reads:   ponte.changelog_part
-- writes:  ponte.changelog_part
-- locks:   the two rows
UPDATE ponte.changelog_part SET filling = (part = {to}), since = clock_timestamp()
WHERE table_schema = {schema_name} AND table_name = {table_name} AND (filling OR part = {to});
