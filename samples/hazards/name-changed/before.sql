CREATE TABLE clients (id integer PRIMARY KEY, surname text NOT NULL);
INSERT INTO clients SELECT n, 'Surname ' || n FROM generate_series(1, 100) AS n;
