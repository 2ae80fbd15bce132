CREATE TABLE members (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, badge integer NOT NULL);
INSERT INTO members (badge) SELECT n % 990 FROM generate_series(1, 1000) AS n;  -- ten badges were given twice
