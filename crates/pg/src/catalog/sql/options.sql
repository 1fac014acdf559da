-- purpose: options of something foreign, each with its value unless that may be a secret; an expression
-- reads:   nothing
-- writes:  nothing
-- locks:   none
(SELECT string_agg(quote_ident(o.option_name)
          || CASE WHEN o.option_name ~* 'pass|secret|token|credential|sslkey' THEN '' ELSE ' ' || quote_literal(o.option_value) END,
          ', ' ORDER BY o.option_name) FROM pg_options_to_table({options}) o)
