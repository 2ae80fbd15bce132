-- purpose: list the settings this server knows
-- needs: CONNECT
-- returns: name
SELECT s.name
  FROM pg_catalog.pg_settings AS s
 ORDER BY 1
