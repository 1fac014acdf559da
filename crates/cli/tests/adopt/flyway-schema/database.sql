-- What flyway leaves in a database, after its documented layout: a default schema that it made itself, and where its files ran; an undone version.
CREATE SCHEMA app;
CREATE TABLE app.users (id integer PRIMARY KEY, email text NOT NULL);
CREATE INDEX users_email ON app.users (email);
CREATE VIEW app.grown AS SELECT id FROM app.users WHERE id > 18;
CREATE TABLE app.flyway_schema_history (
    installed_rank integer NOT NULL CONSTRAINT flyway_schema_history_pk PRIMARY KEY,
    version varchar(50), description varchar(200) NOT NULL, type varchar(20) NOT NULL, script varchar(1000) NOT NULL,
    checksum integer, installed_by varchar(100) NOT NULL, installed_on timestamp NOT NULL DEFAULT now(),
    execution_time integer NOT NULL, success boolean NOT NULL);
CREATE INDEX flyway_schema_history_s_idx ON app.flyway_schema_history (success);
INSERT INTO app.flyway_schema_history VALUES
    (0, NULL, '<< Flyway Schema Creation >>', 'SCHEMA', '"app"', NULL, 'app', now(), 0, true),
    (1, '1', 'users', 'SQL', 'V1__users.sql', 1, 'app', now(), 5, true),
    (2, '2', 'index', 'SQL', 'V2__index.sql', 2, 'app', now(), 5, true),
    (3, '3', 'later', 'SQL', 'V3__later.sql', 3, 'app', now(), 5, true),
    (4, NULL, 'grown', 'SQL', 'R__grown.sql', 4, 'app', now(), 5, true),
    (5, '3', 'later', 'UNDO_SQL', 'U3__later.sql', 5, 'app', now(), 5, true);
