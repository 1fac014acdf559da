-- psql reads line by line and forgets that the first of these is an E'' string when it sees the second line. The server does not.
CREATE TABLE continued AS SELECT E'a'
       'b\';c' AS a;
CREATE TABLE continued_after_comment AS SELECT E'a' -- ;
       'b\';c' AS a;
