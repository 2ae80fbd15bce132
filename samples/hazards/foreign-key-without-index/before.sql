CREATE TABLE authors (id integer PRIMARY KEY);
CREATE TABLE books (id integer PRIMARY KEY, author_id integer);
INSERT INTO authors SELECT generate_series(1, 100);
INSERT INTO books SELECT n, n % 100 + 1 FROM generate_series(1, 101000) AS n;
