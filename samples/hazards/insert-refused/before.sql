CREATE TABLE letters (id integer PRIMARY KEY, stamped boolean);
INSERT INTO letters SELECT n, nullif(n % 2 = 0, false) FROM generate_series(1, 100) AS n;
