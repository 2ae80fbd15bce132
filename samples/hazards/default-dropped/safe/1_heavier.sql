SET lock_timeout = '2s';
ALTER TABLE parcels ALTER COLUMN weight SET DEFAULT 800;
