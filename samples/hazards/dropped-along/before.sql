CREATE TABLE seats (
    id integer PRIMARY KEY,
    hall integer NOT NULL,
    number integer NOT NULL,
    block integer,
    UNIQUE (hall, number, block)
);
INSERT INTO seats (id, hall, number) SELECT n, n % 3, n FROM generate_series(1, 100) AS n;
