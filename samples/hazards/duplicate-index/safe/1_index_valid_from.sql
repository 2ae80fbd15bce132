CREATE INDEX CONCURRENTLY prices_valid_from ON prices (valid_from);
