SET lock_timeout = '2s';
ALTER TABLE articles ALTER COLUMN number TYPE bigint;
