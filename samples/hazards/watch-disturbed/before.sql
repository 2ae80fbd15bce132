CREATE TABLE members (id bigint PRIMARY KEY, name text NOT NULL);
INSERT INTO members SELECT g, 'member ' || g FROM generate_series(1, 500) AS g;
