ALTER TABLE products ADD COLUMN note text;  -- waits behind any reader, and everybody waits behind it
