BEGIN;

-- Running downgrade eee555 -> ddd444

DROP FUNCTION shop.of_age(integer);

ALTER TABLE users DROP COLUMN age;

UPDATE meta.revision SET version_num='ddd444' WHERE meta.revision.version_num = 'eee555';

COMMIT;

BEGIN;

-- Running downgrade ddd444 -> bbb222, ccc333

INSERT INTO meta.revision (version_num) VALUES ('ccc333') RETURNING meta.revision.version_num;

UPDATE meta.revision SET version_num='bbb222' WHERE meta.revision.version_num = 'ddd444';

COMMIT;

BEGIN;

-- Running downgrade bbb222 -> aaa111

COMMIT;

DROP INDEX CONCURRENTLY users_email;

BEGIN;

DELETE FROM meta.revision WHERE meta.revision.version_num = 'bbb222';

COMMIT;

BEGIN;

-- Running downgrade ccc333 -> aaa111

DELETE FROM shop.orders;

ALTER TABLE users DROP COLUMN nick;

UPDATE meta.revision SET version_num='aaa111' WHERE meta.revision.version_num = 'ccc333';

COMMIT;

BEGIN;

-- Running downgrade aaa111 -> 

DROP TABLE shop.orders;

DROP TABLE users;

DROP SCHEMA shop CASCADE;

DELETE FROM meta.revision WHERE meta.revision.version_num = 'aaa111';

COMMIT;

