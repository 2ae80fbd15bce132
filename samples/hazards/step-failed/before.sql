CREATE TABLE tickets (id integer PRIMARY KEY, priority integer);
INSERT INTO tickets
SELECT n, CASE WHEN n % 50 > 0 THEN n % 5 + 1 END  -- one ticket in fifty was never given a priority
FROM generate_series(1, 1000) AS n;
