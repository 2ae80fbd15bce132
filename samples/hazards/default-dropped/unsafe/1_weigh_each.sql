SET lock_timeout = '2s';
ALTER TABLE parcels ALTER COLUMN weight DROP DEFAULT;  -- INSERT INTO parcels (id) fails from here on
