-- purpose: mark the staged rows whose keys have local changes that the source has not seen; the others are written as if nobody else wrote here
-- reads:   the changelog
-- writes:  the stage
-- locks:   none on the user's tables
UPDATE {stage} s SET contested = true
FROM ({local}) l WHERE {same_key}
