SET lock_timeout = '2s';
DROP TABLE ratings_2019;
