SET lock_timeout = '2s';
ALTER TABLE articles ALTER COLUMN number TYPE text;  -- WHERE number = 7: operator does not exist: text = integer
