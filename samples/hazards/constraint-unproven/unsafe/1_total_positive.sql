SET lock_timeout = '2s';
ALTER TABLE invoices ADD CONSTRAINT total_positive CHECK (total >= 0) NOT VALID;
