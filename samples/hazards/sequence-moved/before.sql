CREATE TABLE tickets (id serial PRIMARY KEY, priority integer);
INSERT INTO tickets (priority) SELECT n % 5 FROM generate_series(1, 100) AS n;
