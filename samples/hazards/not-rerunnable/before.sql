CREATE TABLE parcels (id integer PRIMARY KEY, depot integer NOT NULL);
INSERT INTO parcels SELECT n, n % 30 FROM generate_series(1, 1000) AS n;
