SET lock_timeout = '2s';
ALTER TABLE rooms DROP COLUMN floor;  -- NULL in every row
