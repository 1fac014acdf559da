-- purpose: what each object needs in order to exist, both named as the model names them; whether the first is a sequence that the second owns
-- reads:   pg_catalog
-- writes:  nothing
-- locks:   none beyond ACCESS SHARE on the catalog
WITH {things}, edge AS (
  SELECT d.classid, d.objid, CASE WHEN ra.kind = 'table' THEN d.objsubid ELSE 0 END AS objsubid,
    d.refclassid, d.refobjid, CASE WHEN rb.kind = 'table' THEN d.refobjsubid ELSE 0 END AS refobjsubid,
    coalesce(ra.relkind = 'S' AND rb.kind = 'table' AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i'), false) AS owned
  FROM pg_depend d
  LEFT JOIN relation ra ON d.classid = 'pg_class'::regclass AND ra.oid = d.objid
  LEFT JOIN relation rb ON d.refclassid = 'pg_class'::regclass AND rb.oid = d.refobjid
  WHERE d.objid >= 16384 AND d.refobjid >= 16384
)
SELECT DISTINCT a.kind, a.schema, a.of, a.name, a.signature, b.kind, b.schema, b.of, b.name, b.signature, e.owned
FROM edge e
JOIN thing a ON a.classid = e.classid AND a.objid = e.objid AND a.objsubid = e.objsubid
JOIN thing b ON b.classid = e.refclassid AND b.objid = e.refobjid AND b.objsubid = e.refobjsubid
WHERE a.kind IS NOT NULL AND b.kind IS NOT NULL
  AND (a.kind, a.schema, a.of, a.name, a.signature) IS DISTINCT FROM (b.kind, b.schema, b.of, b.name, b.signature)
