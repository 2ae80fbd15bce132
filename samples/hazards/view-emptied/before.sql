CREATE TABLE sales (id integer PRIMARY KEY, cents integer NOT NULL);
INSERT INTO sales SELECT n, n * 10 FROM generate_series(1, 100) AS n;
CREATE MATERIALIZED VIEW turnover AS SELECT sum(cents) AS cents FROM sales;
