SET lock_timeout = '2s';
CREATE INDEX events_kind ON events (kind);
