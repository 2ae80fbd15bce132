DROP INDEX CONCURRENTLY IF EXISTS parcels_depot;  -- what an attempt cut short has left
CREATE INDEX CONCURRENTLY parcels_depot ON parcels (depot);
