-- purpose: say when this session's server read its configuration, and what time it is
-- needs: CONNECT to any database of it
-- returns: loaded_at, now
SELECT pg_catalog.pg_conf_load_time() AS loaded_at,
       pg_catalog.clock_timestamp() AS now
 ORDER BY 1
