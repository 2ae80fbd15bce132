BEGIN;
SET LOCAL lock_timeout = '2s';
UPDATE orders SET note = upper(note);
ALTER TABLE orders ADD COLUMN remark text;  -- waits for every writer, some of whom wait for the rows above
COMMIT;
