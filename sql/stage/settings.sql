-- purpose: list the settings the stage's server knows
-- needs: CONNECT to any database of it
-- returns: name
SELECT s.name
  FROM pg_catalog.pg_settings AS s
 ORDER BY 1
