-- The documented settings with their defaults. Harmless twice: a setting that is there keeps its value.
INSERT INTO system_settings (key, value, description) VALUES
  ('max_file_size',            '52428800',              'Maximum size of an uploaded file, in bytes (50 MB)'),
  ('allowed_file_types',       '["csv", "tsv", "txt"]', 'Extensions of files that may be uploaded'),
  ('max_concurrent_jobs',      '3',                     'How many jobs of one user may run at the same time'),
  ('job_timeout',              '3600',                  'How long one attempt at a job may take, in seconds'),
  ('audit_log_retention_days', '365',                   'How long the audit trail is kept, in days'),
  ('file_data_retention_days', 'null',                  'After how many days the content of uploads is purged; null keeps it'),
  ('processing_results_retention_days', 'null',         'After how many days the results of finished jobs are deleted; null keeps them')
ON CONFLICT (key) DO NOTHING;
