CREATE TABLE visits (id integer PRIMARY KEY, page varchar(10));
INSERT INTO visits SELECT n, n % 100 FROM generate_series(1, 100000) AS n;
ANALYZE visits;
