SET lock_timeout = '2s';
CREATE OR REPLACE VIEW scarce AS SELECT id FROM stock WHERE pieces < 3;  -- keeps its grants
