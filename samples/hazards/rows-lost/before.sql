CREATE TABLE members (id integer PRIMARY KEY, last_seen date NOT NULL, archived boolean NOT NULL DEFAULT false);
CREATE TABLE invoices (
    id integer PRIMARY KEY,
    member_id integer NOT NULL REFERENCES members ON DELETE CASCADE
);
INSERT INTO members SELECT n, DATE '2018-01-01' + n * 10 FROM generate_series(1, 200) AS n;
INSERT INTO invoices SELECT n, n % 200 + 1 FROM generate_series(1, 600) AS n;
CREATE INDEX invoices_member_id ON invoices (member_id);
