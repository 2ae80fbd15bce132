SET lock_timeout = '2s';
ALTER TABLE letters ALTER COLUMN stamped SET DEFAULT false;
ALTER TABLE letters ADD CONSTRAINT stamped_known CHECK (stamped IS NOT NULL) NOT VALID;
