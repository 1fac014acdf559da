-- What prisma leaves in a database, after its documented layout.
CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL);
CREATE INDEX users_email ON users (email);
CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY NOT NULL, checksum varchar(64) NOT NULL, finished_at timestamptz,
    migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(),
    applied_steps_count integer NOT NULL DEFAULT 0);
INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, rolled_back_at, started_at) VALUES
    ('a', 'x', now(), '20240101000000_users', NULL, now()),
    ('b', 'x', NULL, '20240102000000_index', now(), now() + interval '1 second'),
    ('c', 'x', now(), '20240102000000_index', NULL, now() + interval '2 seconds');
