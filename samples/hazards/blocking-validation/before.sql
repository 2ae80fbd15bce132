CREATE TABLE payments (id integer PRIMARY KEY, cents integer NOT NULL);
INSERT INTO payments SELECT n, n % 900 + 1 FROM generate_series(1, 150000) AS n;
