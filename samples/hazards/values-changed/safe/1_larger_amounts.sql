SET lock_timeout = '2s';
ALTER TABLE prices ALTER COLUMN amount TYPE numeric(16, 4);  -- more digits, as many decimals
