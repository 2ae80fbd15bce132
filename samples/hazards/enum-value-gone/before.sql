CREATE TYPE fare AS ENUM ('adult', 'child');
CREATE TABLE trips (id integer PRIMARY KEY, fare fare NOT NULL);
INSERT INTO trips SELECT n, (CASE WHEN n % 3 = 0 THEN 'child' ELSE 'adult' END)::fare FROM generate_series(1, 90) AS n;
