-- Purpose: make two servers print a value in the same way, bound what a statement may wait for, and say what server this is.
-- Reads: nothing but settings of the session.  Writes: nothing.  Locks: none.
-- Compiling (jit) is off: penalised plans of small batches look expensive to it, and it took 300 ms to make 5 ms faster.
-- One round trip: everything goes as one simple query, whose one row is the last statement's.
SET search_path = pg_catalog;
SET DateStyle = 'ISO, YMD';
SET IntervalStyle = postgres;
SET TimeZone = 'UTC';
SET extra_float_digits = 3;
SET bytea_output = hex;
SET standard_conforming_strings = on;
SET xmloption = content;
SET client_encoding = 'UTF8';
SET jit = off;
SET statement_timeout = 0;
SET lock_timeout = '5s';
SET idle_in_transaction_session_timeout = '10min';
-- From PostgreSQL 17 on there is a limit for whole transactions. The first copy of a large table is one.
SELECT pg_catalog.set_config('transaction_timeout', '0', false)
  WHERE pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 170000;
SELECT pg_catalog.current_setting('server_version_num'),
       pg_catalog.pg_is_in_recovery(),
       pg_catalog.current_setting('default_transaction_read_only')
