CREATE TABLE articles (id integer PRIMARY KEY, number integer NOT NULL);
INSERT INTO articles SELECT n, n * 7 FROM generate_series(1, 100) AS n;
