-- Purpose: a file may have changed the role and the search path; our own statements after it need neither.
--          LOCAL, so that a file that runs step by step keeps what it has set.
-- Reads:   nothing.
-- Writes:  settings, until the end of the transaction.
-- Locks:   none.
SET LOCAL SESSION AUTHORIZATION DEFAULT; SET LOCAL ROLE NONE; SET LOCAL search_path = pg_catalog;
