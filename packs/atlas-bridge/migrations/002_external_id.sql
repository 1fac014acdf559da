-- Whom a user of the bot is in the panel. New users have one at once; the default is set apart from the column, because a column that is
-- added with it would have the whole table written anew under a lock.

-- UP operations

ALTER TABLE users ADD COLUMN IF NOT EXISTS external_id text;
ALTER TABLE users ALTER COLUMN external_id SET DEFAULT gen_random_uuid()::text;
COMMENT ON COLUMN users.external_id IS 'The user''s id in the panel; given here to users that the panel does not know yet.';

-- DOWN operations
-- ALTER TABLE users DROP COLUMN IF EXISTS external_id;
