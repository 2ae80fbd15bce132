SET lock_timeout = '2s';
CREATE INDEX CONCURRENTLY letters_sender ON letters (sender);  -- waits for every older transaction of the database
