SET lock_timeout = '2s';
ALTER TABLE seats DROP COLUMN block;  -- NULL in every row, but the key of halls and numbers goes along
