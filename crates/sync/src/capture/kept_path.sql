-- purpose: let the filter in a capture function find what it finds in a batch, and nothing temporary of a stranger before that
-- reads:   the search path that the role's sessions begin with
-- writes:  the catalog entry of the function
-- locks:   none on the user's tables
DO $ponte_path$ BEGIN
  EXECUTE 'ALTER FUNCTION ' || {named} || ' SET search_path = '
    || coalesce((SELECT nullif(reset_val, '') FROM pg_catalog.pg_settings WHERE name = 'search_path'), 'pg_catalog') || ', pg_temp';
END $ponte_path$;
COMMENT ON FUNCTION {function}() IS {comment};
