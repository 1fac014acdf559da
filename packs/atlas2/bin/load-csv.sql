-- What bin/load-csv has psql run; the file comes on standard input, in base64.

SET client_min_messages = warning;
SELECT set_config('app.current_user_id', :'user', false) \g /dev/null

SELECT check_upload(:'name', :size) \g /dev/null
SELECT coalesce((SELECT id::text FROM mapping_configurations WHERE name = :'mapping'), '') AS mapping_id,
       :'mapping' <> '' AND NOT EXISTS (SELECT FROM mapping_configurations WHERE name = :'mapping') AS unknown
\gset
\if :unknown
\warn load-csv: this user has no mapping with the name :mapping
SELECT 1 / 0 AS "there is no such mapping";
\endif

CREATE TEMP TABLE chunk (seq bigint GENERATED ALWAYS AS IDENTITY, data text);
\copy chunk (data) FROM pstdin
INSERT INTO file_data (user_id, file_name, delimiter, encoding, content)
SELECT :'user', :'name', CASE :'delimiter' WHEN '\t' THEN E'\t' ELSE :'delimiter' END, nullif(:'encoding', ''),
       string_agg(decode(data, 'base64'), ''::bytea ORDER BY seq) FROM chunk
ON CONFLICT (user_id, sha256) DO NOTHING;

-- The same file and the same mapping are the same work: what is unfinished of it goes on.
WITH file AS (
  SELECT id FROM file_data WHERE sha256 = (SELECT sha256(string_agg(decode(data, 'base64'), ''::bytea ORDER BY seq)) FROM chunk)
), unfinished AS (
  SELECT j.id FROM processing_jobs j JOIN file ON j.file_id = file.id
  WHERE j.status IN ('pending', 'running', 'failed') AND j.mapping_configuration_id IS NOT DISTINCT FROM nullif(:'mapping_id', '')::uuid
  ORDER BY j.created_at DESC LIMIT 1
), fresh AS (
  INSERT INTO processing_jobs (user_id, file_id, mapping_configuration_id)
  SELECT :'user', file.id, nullif(:'mapping_id', '')::uuid FROM file WHERE NOT EXISTS (SELECT FROM unfinished)
  RETURNING id
)
SELECT id AS job FROM unfinished UNION ALL SELECT id FROM fresh
\gset
DROP TABLE chunk;

CALL process_job(:'job');
SELECT id, status, rows_succeeded, rows_rejected, error_message FROM processing_jobs WHERE id = :'job';
