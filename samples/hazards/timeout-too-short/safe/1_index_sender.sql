SET lock_timeout = 0;  -- nobody waits behind CONCURRENTLY
CREATE INDEX CONCURRENTLY letters_sender ON letters (sender);
