CREATE TABLE members (id integer PRIMARY KEY, card integer NOT NULL UNIQUE, club integer NOT NULL);
INSERT INTO members SELECT n, n + 1000, n % 3 FROM generate_series(1, 100) AS n;
