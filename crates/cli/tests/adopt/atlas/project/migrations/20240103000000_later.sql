-- Modify "users" table
ALTER TABLE "users" ADD COLUMN "nick" text NULL;
