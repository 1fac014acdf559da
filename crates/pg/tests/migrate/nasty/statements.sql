-- Statements that a splitter at semicolons gets wrong; PostgreSQL 14 and later. Run twice: by psql, and by us.
;;
CREATE TABLE "semi;colon" ("q""uote;" text DEFAULT 'it''s;');
SELECT 'a' -- ; 'comment
  'b;c';
SELECT E'a\';b', E'\\', '\', 'c;';
SELECT U&'d\0061t\+000061;', U&"\0061;" FROM (SELECT 1 AS "a;") AS x;
SELECT U&'d!0061t;' UESCAPE '!';
SELECT B'101', X'1F', N'n;';
SELECT /* ; /* nested ; */ ' ; */ 1;
SELECT 1 -- ends in a comment ;
;
SELECT 2*/* ; */3, 4 -- ;
  - 5;
SELECT @-- ;
  -5;
SELECT $$;$$, $a$ $$;$$ $b$;$b$ $a$, $_1$;$_1$, $é$;$é$;
SELECT 1 AS a$b, 2 AS c$d$;
PREPARE two (int, int) AS SELECT $1+$2;
EXECUTE two (1, 2);
SELECT (ARRAY[1,2])[1:1], 1.5e-3, .5, 1., '1'::int;
DO $$ BEGIN PERFORM ';'; END $$;
DO LANGUAGE plpgsql $outer$
BEGIN
  EXECUTE $inner$ SELECT ';' $inner$;
END;
$outer$;
CREATE TABLE rows (id int, a text);
COPY rows (id, a) FROM stdin;
1	one;'
2	\\.
\.
COPY rows FROM STDIN WITH (FORMAT csv); -- the rows follow
3,three
\.
SELECT 'after copy;';
CREATE TABLE labels (label text);
INSERT INTO labels VALUES ('a'';--/*$$');
CREATE RULE labels_are_logged AS ON UPDATE TO labels
  DO ALSO (INSERT INTO rows VALUES (4, 'x;'); DELETE FROM rows WHERE id = 4);
CREATE FUNCTION plain(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC
  SELECT 1;
  SELECT CASE WHEN a > 0 THEN 1 ELSE CASE a WHEN 0 THEN 2 END END;
END;
CREATE OR REPLACE FUNCTION "Plain;"(a int DEFAULT 1) RETURNS TABLE (b int) LANGUAGE sql
BEGIN ATOMIC
  SELECT a; -- END;
END;
CREATE OR REPLACE PROCEDURE put() LANGUAGE sql BEGIN ATOMIC INSERT INTO rows VALUES (5, ';'); DELETE FROM rows WHERE id = 5; END;
CREATE FUNCTION one() RETURNS int LANGUAGE sql RETURN 1;
CREATE FUNCTION old() RETURNS int LANGUAGE sql AS 'SELECT 1; SELECT 2;';
SELECT CASE WHEN true THEN 1 END AS "end", plain(0);
CREATE TABLE begin (atomic int, "case" int);
SELECT (SELECT 1), (((2)));
VALUES ('(;'), (');');
SELECT '€;', 'ü' AS ünïcode;
SELECT 'no semicolon at the end'
