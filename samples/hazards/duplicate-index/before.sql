CREATE TABLE prices (product integer, valid_from date, amount numeric, PRIMARY KEY (product, valid_from));
INSERT INTO prices SELECT n % 50, date '2024-01-01' + n / 50, n FROM generate_series(1, 1000) AS n;
