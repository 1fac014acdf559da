-- Purpose: how far a script has come that cannot run in a transaction.
-- Reads:   ponte.migration.
-- Writes:  ponte.migration.
-- Locks:   one row.
INSERT INTO {schema}.migration AS m
    (revision, name, checksum_up, checksum_down, checksum_tokens, release, direction, steps_done, step_begun, checksum_done)
VALUES
    ({revision}, {name}, {checksum_up}, {checksum_down}, {checksum_tokens}, {release},
     {direction}, {steps_done}, {step_begun}, {checksum_done})
ON CONFLICT (revision) DO UPDATE
SET direction = excluded.direction, steps_done = excluded.steps_done, step_begun = excluded.step_begun,
    checksum_done = excluded.checksum_done
