-- What became of every row that the sync brought, failures included.

-- UP operations

CREATE TABLE IF NOT EXISTS sync_log (
  id             serial PRIMARY KEY,
  sync_type      varchar(50) NOT NULL,
  entity_type    varchar(50) NOT NULL,
  entity_id      text,
  sync_direction varchar(20) NOT NULL,
  status         varchar(20) NOT NULL,
  error_message  text,
  metadata       jsonb NOT NULL DEFAULT '{}',
  created_at     timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);
CREATE INDEX IF NOT EXISTS idx_sync_log_entity ON sync_log (entity_id, created_at DESC);
CREATE INDEX IF NOT EXISTS idx_sync_log_status ON sync_log (status, created_at DESC);
CREATE INDEX IF NOT EXISTS idx_sync_log_created_at ON sync_log (created_at);
CREATE INDEX IF NOT EXISTS idx_sync_log_entity_status ON sync_log (entity_type, status, created_at DESC);

COMMENT ON TABLE sync_log IS 'What became of every row that the sync brought here; written in the transaction that wrote the row.';
COMMENT ON COLUMN sync_log.sync_type IS 'insert, update, delete: what was done, or would have been; none where a row that failed before needs nothing any more.';
COMMENT ON COLUMN sync_log.entity_id IS 'The row''s key: of a user, its external_id.';
COMMENT ON COLUMN sync_log.status IS 'success or failed. A failed row waits in ponte.quarantine and is tried again.';
COMMENT ON COLUMN sync_log.created_at IS 'In UTC, like every timestamp of this table.';

-- DOWN operations
-- DROP TABLE IF EXISTS sync_log CASCADE;
