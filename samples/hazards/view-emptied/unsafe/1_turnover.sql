SET lock_timeout = '2s';
REFRESH MATERIALIZED VIEW turnover WITH NO DATA;  -- "has not been populated" from here on
