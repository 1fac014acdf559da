-- purpose: leave a staged row, or all that nobody has decided yet, to a person, because the function that was to decide failed
-- reads:   the plan
-- writes:  the stage, the plan
-- locks:   ROW EXCLUSIVE on our temporary tables
WITH left_to_a_person AS (
  UPDATE {stage} s SET decided = 'nobody' FROM {plan} p WHERE p.staged = s.ctid AND s.decided IS NULL{one}
  RETURNING p.staged AS was, s.ctid AS staged
)
UPDATE {plan} p SET staged = w.staged FROM left_to_a_person w WHERE p.staged = w.was
