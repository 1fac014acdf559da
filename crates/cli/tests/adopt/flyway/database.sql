-- What flyway leaves in a database, after its documented layout.
CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL);
CREATE INDEX users_email ON users (email);
CREATE VIEW grown AS SELECT id FROM users WHERE id > 18;
CREATE TABLE flyway_schema_history (
    installed_rank integer NOT NULL CONSTRAINT flyway_schema_history_pk PRIMARY KEY,
    version varchar(50), description varchar(200) NOT NULL, type varchar(20) NOT NULL, script varchar(1000) NOT NULL,
    checksum integer, installed_by varchar(100) NOT NULL, installed_on timestamp NOT NULL DEFAULT now(),
    execution_time integer NOT NULL, success boolean NOT NULL);
CREATE INDEX flyway_schema_history_s_idx ON flyway_schema_history (success);
INSERT INTO flyway_schema_history VALUES
    (1, '1', 'users', 'SQL', 'V1__users.sql', 1, 'app', now(), 5, true),
    (2, '1.1', 'index', 'SQL', 'V1_1__index.sql', 2, 'app', now(), 5, true),
    (3, NULL, 'grown', 'SQL', 'R__grown.sql', 3, 'app', now(), 5, true);
