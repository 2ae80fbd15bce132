CREATE TABLE parcels (id integer PRIMARY KEY, weight integer NOT NULL DEFAULT 500);
INSERT INTO parcels SELECT n FROM generate_series(1, 100) AS n;
