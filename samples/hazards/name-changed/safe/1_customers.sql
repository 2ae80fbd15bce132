BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER TABLE clients RENAME TO customers;
CREATE VIEW clients AS SELECT id, surname FROM customers;  -- the old release reads and writes through it
COMMIT;
