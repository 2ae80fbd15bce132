SET lock_timeout = '2s';
ALTER TABLE visits ALTER COLUMN page TYPE varchar(40);
ANALYZE visits (page);
