BEGIN;

-- Running downgrade eee555 -> ddd444

DROP FUNCTION shop.of_age(integer);

ALTER TABLE users DROP COLUMN age;

UPDATE alembic_version SET version_num='ddd444' WHERE alembic_version.version_num = 'eee555';

-- Running downgrade ddd444 -> bbb222, ccc333

INSERT INTO alembic_version (version_num) VALUES ('ccc333') RETURNING alembic_version.version_num;

UPDATE alembic_version SET version_num='bbb222' WHERE alembic_version.version_num = 'ddd444';

-- Running downgrade bbb222 -> aaa111

COMMIT;

DROP INDEX CONCURRENTLY users_email;

BEGIN;

DELETE FROM alembic_version WHERE alembic_version.version_num = 'bbb222';

-- Running downgrade ccc333 -> aaa111

DELETE FROM shop.orders;

ALTER TABLE users DROP COLUMN nick;

UPDATE alembic_version SET version_num='aaa111' WHERE alembic_version.version_num = 'ccc333';

-- Running downgrade aaa111 -> 

DROP TABLE shop.orders;

DROP TABLE users;

DROP SCHEMA shop CASCADE;

DELETE FROM alembic_version WHERE alembic_version.version_num = 'aaa111';

COMMIT;

