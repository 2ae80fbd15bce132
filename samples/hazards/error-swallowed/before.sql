CREATE TABLE pupils (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, grade integer);
INSERT INTO pupils (grade) SELECT n % 14 FROM generate_series(1, 100) AS n;  -- grades go to 12
