-- What refinery leaves in a database, after its documented layout.
CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL);
CREATE INDEX users_email ON users (email);
CREATE TABLE refinery_schema_history (version int4 PRIMARY KEY, name varchar(255), applied_on varchar(255), checksum varchar(255));
INSERT INTO refinery_schema_history VALUES (1, 'users', '2024-01-01T00:00:00Z', '1'), (2, 'index', '2024-01-01T00:00:00Z', '2');
