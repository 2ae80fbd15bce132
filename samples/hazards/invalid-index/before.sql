CREATE TABLE accounts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, handle text NOT NULL);
INSERT INTO accounts (handle) SELECT 'user' || n % 990 FROM generate_series(1, 1000) AS n;  -- ten handles are taken twice
