BEGIN;
SET LOCAL lock_timeout = '15s';
ALTER TABLE orders ADD COLUMN note text;
ALTER TABLE customers ADD COLUMN note text;  -- nobody reads orders until this lock is granted, too
COMMIT;
