ALTER TABLE "Dept {n}".people ADD CONSTRAINT helped FOREIGN KEY (helper_id) REFERENCES "Dept {m}".people ON DELETE SET NULL NOT VALID;
ALTER TABLE "Dept {n}".tasks ADD COLUMN owner_id bigint REFERENCES "Dept {m}".people;
CREATE FUNCTION "Dept {n}".next_helper() RETURNS "Dept {m}".people LANGUAGE sql AS 'SELECT * FROM "Dept {m}".people LIMIT 1';
CREATE VIEW "Dept {n}".helped AS SELECT p.id, (h).name AS helper FROM "Dept {n}".people p, LATERAL "Dept {n}".next_helper() h;
RESET search_path;
