SET lock_timeout = '2s';
ALTER TABLE products ADD COLUMN note text;  -- gives up after two seconds: try again later
