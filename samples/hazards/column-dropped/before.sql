CREATE TABLE rooms (id integer PRIMARY KEY, beds integer, floor integer);
INSERT INTO rooms (id, beds) SELECT n, n % 4 + 1 FROM generate_series(1, 100) AS n;
