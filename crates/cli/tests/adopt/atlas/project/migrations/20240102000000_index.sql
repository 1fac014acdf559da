-- atlas:txmode none

-- Create index "users_email" to table: "users"
CREATE INDEX CONCURRENTLY "users_email" ON "users" ("email");
