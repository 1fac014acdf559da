-- Purpose: the first database of a shadow. Making one copies three hundred files; an empty one that every server has is there already.
-- Reads:   nothing.
-- Writes:  pg_database.
-- Locks:   the database, which nobody is connected to.
ALTER DATABASE template1 RENAME TO {database};
ALTER DATABASE {database} IS_TEMPLATE false;
ALTER DATABASE {database} OWNER TO {role};
GRANT TEMPORARY ON DATABASE {database} TO PUBLIC;
