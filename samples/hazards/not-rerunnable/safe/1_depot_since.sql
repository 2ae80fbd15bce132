SET lock_timeout = '2s';
ALTER TABLE parcels ADD COLUMN depot_since date;
