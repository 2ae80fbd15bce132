SET lock_timeout = '2s';
ALTER TABLE tickets ALTER COLUMN priority SET DEFAULT 3;  -- for the old release, which gives none
UPDATE tickets SET priority = 3 WHERE priority IS NULL;
