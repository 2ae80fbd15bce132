-- purpose: list the settings that ALTER SYSTEM can change
-- needs: superuser of the stage
-- returns: name
SELECT s.name
  FROM pg_catalog.pg_settings AS s
 WHERE s.context <> 'internal'
 ORDER BY 1
