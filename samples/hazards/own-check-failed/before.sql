CREATE TABLE plans (id integer PRIMARY KEY, price integer NOT NULL);
INSERT INTO plans SELECT n, 5 * n FROM generate_series(1, 20) AS n;
