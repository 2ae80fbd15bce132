CREATE TABLE prices (id integer PRIMARY KEY, amount numeric(12, 4) NOT NULL);
INSERT INTO prices SELECT n, n + 0.1275 FROM generate_series(1, 200) AS n;
