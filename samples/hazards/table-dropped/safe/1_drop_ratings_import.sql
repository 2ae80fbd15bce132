SET lock_timeout = '2s';
DROP TABLE ratings_import;  -- empty
