DROP INDEX CONCURRENTLY IF EXISTS visits_page;  -- what an attempt cut short has left
CREATE INDEX CONCURRENTLY visits_page ON visits (page);
