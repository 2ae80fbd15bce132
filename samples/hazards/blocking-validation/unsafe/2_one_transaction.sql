BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER TABLE payments ADD CONSTRAINT cents_bounded CHECK (cents < 100000) NOT VALID;
ALTER TABLE payments VALIDATE CONSTRAINT cents_bounded;  -- still under the lock of the line above
COMMIT;
