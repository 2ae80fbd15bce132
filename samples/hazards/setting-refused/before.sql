-- Nothing but a table: the change is one of postgresql.conf.
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text
);
