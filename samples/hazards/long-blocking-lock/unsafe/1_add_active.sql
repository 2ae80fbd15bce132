BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER TABLE customers ADD COLUMN active boolean;
UPDATE customers SET active = true;  -- nobody can read customers until COMMIT
COMMIT;
