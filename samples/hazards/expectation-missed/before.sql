CREATE TABLE plans (seats integer PRIMARY KEY, price integer NOT NULL);
INSERT INTO plans VALUES (1, 0), (5, 20);
