CREATE TABLE visits (id integer PRIMARY KEY, page integer NOT NULL);
INSERT INTO visits SELECT n, n % 40 FROM generate_series(1, 1000) AS n;
CREATE INDEX visits_page ON visits (page);
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'visits_page'::regclass;  -- as a build cut short leaves it
