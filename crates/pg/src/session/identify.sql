-- Purpose: say what server this is, on a connection whose settings are not ours to change.
-- Reads: nothing but settings of the session.  Writes: nothing.  Locks: none.
SELECT pg_catalog.current_setting('server_version_num'),
       pg_catalog.pg_is_in_recovery(),
       pg_catalog.current_setting('default_transaction_read_only')
