CREATE TABLE orders (id integer PRIMARY KEY);
CREATE TABLE customers (id integer PRIMARY KEY);
INSERT INTO orders SELECT generate_series(1, 110000);
INSERT INTO customers SELECT generate_series(1, 110000);
