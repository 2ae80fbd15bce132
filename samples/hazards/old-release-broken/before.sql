CREATE TABLE plans (id integer PRIMARY KEY, months integer NOT NULL);
INSERT INTO plans SELECT n, CASE WHEN n % 2 = 0 THEN 1 ELSE 12 END FROM generate_series(1, 20) AS n;
