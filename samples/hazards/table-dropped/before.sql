CREATE TABLE ratings_2019 (id integer PRIMARY KEY, stars integer NOT NULL);
CREATE TABLE ratings_import (id integer PRIMARY KEY, stars integer NOT NULL);
INSERT INTO ratings_2019 SELECT n, n % 5 + 1 FROM generate_series(1, 100) AS n;
