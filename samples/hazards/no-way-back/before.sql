CREATE TABLE tasks (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text NOT NULL);
INSERT INTO tasks (title) SELECT 'task ' || n FROM generate_series(1, 100) AS n;
