SET lock_timeout = '2s';
ALTER TABLE letters ADD COLUMN class integer NOT NULL DEFAULT 2;
ALTER TABLE letters ALTER COLUMN class DROP DEFAULT;  -- INSERT INTO letters (id, stamped) fails from here on
