CREATE TABLE stock (id integer PRIMARY KEY, pieces integer NOT NULL);
INSERT INTO stock SELECT n, n % 9 FROM generate_series(1, 100) AS n;
CREATE VIEW scarce AS SELECT id FROM stock WHERE pieces < 2;
GRANT SELECT ON scarce TO PUBLIC;
