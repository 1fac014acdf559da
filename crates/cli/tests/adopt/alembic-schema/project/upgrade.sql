BEGIN;

CREATE TABLE meta.revision (
    version_num VARCHAR(32) NOT NULL, 
    CONSTRAINT revision_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> aaa111

CREATE SCHEMA shop;

CREATE TABLE users (
    id SERIAL NOT NULL, 
    email VARCHAR(100) NOT NULL, 
    PRIMARY KEY (id), 
    UNIQUE (email)
);

CREATE TYPE shop.state AS ENUM ('new', 'paid');

CREATE TABLE shop.orders (
    id SERIAL NOT NULL, 
    user_id INTEGER NOT NULL, 
    state shop.state DEFAULT 'new', 
    PRIMARY KEY (id), 
    FOREIGN KEY(user_id) REFERENCES users (id)
);

INSERT INTO users (email) VALUES ('a;b''s@example.org');

INSERT INTO meta.revision (version_num) VALUES ('aaa111') RETURNING meta.revision.version_num;

COMMIT;

BEGIN;

-- Running upgrade aaa111 -> ccc333

ALTER TABLE users ADD COLUMN nick TEXT;

COMMENT ON COLUMN users.nick IS 'what friends say';

COMMIT;

ALTER TYPE shop.state ADD VALUE IF NOT EXISTS 'gone';

BEGIN;

INSERT INTO shop.orders (user_id, state) SELECT id, 'gone' FROM users;

UPDATE meta.revision SET version_num='ccc333' WHERE meta.revision.version_num = 'aaa111';

COMMIT;

BEGIN;

-- Running upgrade aaa111 -> bbb222

COMMIT;

CREATE INDEX CONCURRENTLY users_email ON users (email);

BEGIN;

INSERT INTO meta.revision (version_num) VALUES ('bbb222') RETURNING meta.revision.version_num;

COMMIT;

BEGIN;

-- Running upgrade bbb222, ccc333 -> ddd444

DELETE FROM meta.revision WHERE meta.revision.version_num = 'bbb222';

UPDATE meta.revision SET version_num='ddd444' WHERE meta.revision.version_num = 'ccc333';

COMMIT;

BEGIN;

-- Running upgrade ddd444 -> eee555

ALTER TABLE users ADD COLUMN age INTEGER;

CREATE FUNCTION shop.of_age(wanted integer) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN
            RETURN EXISTS (SELECT FROM users WHERE id = wanted AND age >= 18);
        END;
        $$;

UPDATE meta.revision SET version_num='eee555' WHERE meta.revision.version_num = 'ddd444';

COMMIT;

