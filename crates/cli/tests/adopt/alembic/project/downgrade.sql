BEGIN;

-- Running downgrade eee555 -> ddd444

ALTER TABLE users DROP COLUMN age;

UPDATE alembic_version SET version_num='ddd444' WHERE alembic_version.version_num = 'eee555';

-- Running downgrade ddd444 -> bbb222, ccc333

INSERT INTO alembic_version (version_num) VALUES ('ccc333') RETURNING alembic_version.version_num;

UPDATE alembic_version SET version_num='bbb222' WHERE alembic_version.version_num = 'ddd444';

-- Running downgrade bbb222 -> aaa111

DROP INDEX users_email;

DELETE FROM alembic_version WHERE alembic_version.version_num = 'bbb222';

-- Running downgrade ccc333 -> aaa111

ALTER TABLE users DROP COLUMN nick;

UPDATE alembic_version SET version_num='aaa111' WHERE alembic_version.version_num = 'ccc333';

-- Running downgrade aaa111 -> 

DROP TABLE users;

DELETE FROM alembic_version WHERE alembic_version.version_num = 'aaa111';

COMMIT;

