CREATE TABLE readings (id integer PRIMARY KEY, sensor text NOT NULL);
INSERT INTO readings SELECT n, 'sensor ' || md5(n::text) FROM generate_series(1, 1000) AS n;
