-- What bin/load-csv has psql run; the file comes on standard input, as COPY's binary format has it. Prints the job and its status.

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

CREATE TEMP TABLE upload (content bytea);
ALTER TABLE upload ALTER COLUMN content SET STORAGE EXTERNAL;
\copy upload (content) FROM pstdin (FORMAT binary)
WITH fresh AS (
  INSERT INTO file_data (user_id, file_name, delimiter, encoding, content)
  SELECT :'user', :'name', CASE :'delimiter' WHEN '\t' THEN E'\t' ELSE :'delimiter' END, nullif(:'encoding', ''), content FROM upload
  ON CONFLICT (user_id, sha256) DO NOTHING
  RETURNING id
)
SELECT coalesce((SELECT id FROM fresh), (SELECT id FROM file_data WHERE sha256 = (SELECT sha256(content) FROM upload))) AS file
\gset
DROP TABLE upload;

-- The same file and the same mapping are the same work: what is unfinished of it goes on.
WITH unfinished AS (
  SELECT j.id FROM processing_jobs j
  WHERE j.file_id = :'file' AND j.status IN ('pending', 'running', 'failed') AND j.mapping_configuration_id IS NOT DISTINCT FROM nullif(:'mapping_id', '')::uuid
  ORDER BY j.created_at DESC LIMIT 1
), fresh AS (
  INSERT INTO processing_jobs (user_id, file_id, mapping_configuration_id)
  SELECT :'user', :'file', nullif(:'mapping_id', '')::uuid WHERE NOT EXISTS (SELECT FROM unfinished)
  RETURNING id
)
SELECT id AS job FROM unfinished UNION ALL SELECT id FROM fresh
\gset

SELECT :'job', start_job(:'job');
