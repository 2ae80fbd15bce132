SET lock_timeout = '2s';
ALTER TABLE payments ADD CONSTRAINT cents_positive CHECK (cents > 0);
