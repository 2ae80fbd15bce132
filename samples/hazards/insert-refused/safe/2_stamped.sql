SET lock_timeout = '2s';
UPDATE letters SET stamped = false WHERE stamped IS NULL;
ALTER TABLE letters ALTER COLUMN stamped SET DEFAULT false;
ALTER TABLE letters ADD CONSTRAINT stamped_known CHECK (stamped IS NOT NULL) NOT VALID;
