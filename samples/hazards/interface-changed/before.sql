CREATE TABLE guests (id integer PRIMARY KEY, room integer, nights integer);
INSERT INTO guests SELECT n, n % 40, n % 7 FROM generate_series(1, 100) AS n;
CREATE VIEW arrivals AS SELECT id, room FROM guests;
