SET lock_timeout = '2s';
ALTER TABLE parcels ADD COLUMN depot_since date;
SET lock_timeout = 0;
CREATE INDEX CONCURRENTLY parcels_depot ON parcels (depot);  -- if this is cut short, the column is there already
