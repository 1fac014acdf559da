-- purpose: whether rows that are about to be deleted are still referenced by rows of {child} that stay
-- reads:   {plan}, {table}, {child}
-- writes:  row locks on the rows about to be deleted, so that no new reference can appear
-- locks:   ROW SHARE on {table}
SELECT EXISTS (
  SELECT FROM {child} r JOIN (
    SELECT {parent_columns} FROM {table} t JOIN {plan} p ON {matches} WHERE NOT p.present AND t.xmin = p.seen
    FOR UPDATE OF t) d ON {references})
