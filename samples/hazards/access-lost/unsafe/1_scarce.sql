BEGIN;
SET LOCAL lock_timeout = '2s';
DROP VIEW scarce;
CREATE VIEW scarce AS SELECT id FROM stock WHERE pieces < 3;  -- a new view, and nobody was granted anything on it
COMMIT;
