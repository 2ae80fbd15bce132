ALTER TABLE payments VALIDATE CONSTRAINT cents_positive;  -- its own transaction: reads and writes go on
