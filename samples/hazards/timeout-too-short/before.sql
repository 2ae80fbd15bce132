CREATE TABLE letters (id integer PRIMARY KEY, sender integer NOT NULL);
INSERT INTO letters SELECT n, n % 30 FROM generate_series(1, 1000) AS n;
