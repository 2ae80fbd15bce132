CREATE INDEX CONCURRENTLY events_kind ON events (kind);  -- outside any transaction
