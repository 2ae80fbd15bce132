SET lock_timeout = '2s';
ALTER TABLE rooms DROP COLUMN beds;
