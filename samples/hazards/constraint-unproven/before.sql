CREATE TABLE invoices (id integer PRIMARY KEY, total numeric NOT NULL);
INSERT INTO invoices SELECT n, n % 100 - 1 FROM generate_series(1, 1000) AS n;  -- ten of them are negative
