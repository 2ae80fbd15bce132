CREATE TABLE events (id integer PRIMARY KEY, kind integer NOT NULL);
INSERT INTO events SELECT n, n % 7 FROM generate_series(1, 30000) AS n;
