SET lock_timeout = '2s';
ALTER TABLE orders ADD COLUMN note text;
ALTER TABLE customers ADD COLUMN note text;  -- a transaction of its own: orders is open again
