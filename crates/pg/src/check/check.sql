-- Purpose: what `ponte db check` tells about a server, the database and the role, in one row.
-- Reads: pg_roles, pg_database, pg_stat_ssl, settings.  Writes: nothing.  Locks: AccessShareLock on those catalogs.
SELECT pg_catalog.current_setting('server_version')::pg_catalog.text AS server_version,
       r.rolname::pg_catalog.text AS role_name,
       r.rolsuper, r.rolcreatedb, r.rolcreaterole, r.rolbypassrls, r.rolreplication,
       pg_catalog.has_database_privilege(d.oid, 'CREATE') AS create_in_database,
       d.datname::pg_catalog.text AS database_name,
       pg_catalog.pg_encoding_to_char(d.encoding)::pg_catalog.text AS encoding,
       d.datcollate::pg_catalog.text AS collation_name,
       d.datctype::pg_catalog.text AS ctype_name,
       s.version::pg_catalog.text AS tls_version,
       s.cipher::pg_catalog.text AS tls_cipher
FROM pg_catalog.pg_database d
JOIN pg_catalog.pg_roles r ON r.rolname = current_user
LEFT JOIN pg_catalog.pg_stat_ssl s ON s.pid = pg_catalog.pg_backend_pid() AND s.ssl
WHERE d.datname = pg_catalog.current_database()
