CREATE UNIQUE INDEX CONCURRENTLY seats_hall_number ON seats (hall, number);  -- outside any transaction
