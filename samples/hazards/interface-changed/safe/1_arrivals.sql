SET lock_timeout = '2s';
CREATE OR REPLACE VIEW arrivals AS SELECT id, room, nights FROM guests;
