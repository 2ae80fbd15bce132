SET lock_timeout = '2s';
UPDATE orders SET note = upper(note);
ALTER TABLE orders ADD COLUMN remark text;  -- a transaction of its own: the rows are open again
