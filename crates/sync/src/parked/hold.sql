-- purpose: keep what arrived for parked keys out of the batch; the open conflict shows it instead
-- reads:   ponte.parked, the stage
-- writes:  the stage; ponte.conflict: the arrived row and its version
-- locks:   FOR UPDATE on the parked keys, so that a person who decides one of them meanwhile is either seen or waits
WITH parked AS MATERIALIZED (
  {parked}
    FOR UPDATE OF p
), held AS (
  DELETE FROM {stage} s USING parked k WHERE {same_key}
  RETURNING k.conflict, s.version_at, s.changed_at, CASE WHEN s.present THEN ARRAY[{there_texts}]::text[] END AS image
)
UPDATE ponte.conflict c SET there_image = h.image, there_version_at = h.version_at, there_changed_at = h.changed_at
FROM held h WHERE c.id = h.conflict
