CREATE TABLE orders (id integer PRIMARY KEY, note text);
INSERT INTO orders SELECT g, 'n' || g FROM generate_series(1, 10000) AS g;
