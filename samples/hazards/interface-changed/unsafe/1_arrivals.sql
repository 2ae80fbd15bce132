SET lock_timeout = '2s';
DROP VIEW arrivals;
CREATE VIEW arrivals AS SELECT id, nights FROM guests;  -- SELECT room FROM arrivals fails from here on
