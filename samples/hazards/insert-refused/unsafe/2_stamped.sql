SET lock_timeout = '2s';
ALTER TABLE letters ADD CONSTRAINT stamped_known CHECK (stamped IS NOT NULL) NOT VALID;  -- holds for new rows at once
