SET lock_timeout = '2s';
ALTER TABLE tickets ALTER COLUMN priority SET NOT NULL;
