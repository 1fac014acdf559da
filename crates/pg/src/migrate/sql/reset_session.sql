-- Purpose: every file begins as `psql -f` would begin it: the settings of the role and the database, nothing left of
--          the file before. DISCARD ALL would also give up our advisory lock.
-- Reads:   nothing.
-- Writes:  settings of the session; drops its temporary tables.
-- Locks:   none.
SET SESSION AUTHORIZATION DEFAULT; RESET ROLE; RESET ALL; CLOSE ALL; UNLISTEN *;
DISCARD PLANS; DISCARD SEQUENCES; DISCARD TEMP;
SET client_encoding = 'UTF8'; SET standard_conforming_strings = on;
SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;
SET lock_timeout = {lock_timeout_ms}
