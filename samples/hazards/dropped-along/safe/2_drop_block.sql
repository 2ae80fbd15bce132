SET lock_timeout = '2s';
ALTER TABLE seats DROP CONSTRAINT seats_hall_number_block_key;
ALTER TABLE seats DROP COLUMN block;
