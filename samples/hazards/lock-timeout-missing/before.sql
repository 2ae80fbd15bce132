CREATE TABLE products (id integer PRIMARY KEY);
INSERT INTO products SELECT generate_series(1, 100);
