CREATE TABLE accounts (id integer PRIMARY KEY, cents integer NOT NULL);
INSERT INTO accounts SELECT n, n % 900 FROM generate_series(1, 160000) AS n;
