-- purpose: mark what arrived for rows that do not take part at present; the first part of the statement that plans
-- reads:   the table
-- writes:  the stage
-- locks:   ACCESS SHARE on the table
WITH outside AS (
  UPDATE {stage} s SET refused = ARRAY[]::text[] FROM {table} t WHERE {matches} AND NOT {inside}
)
