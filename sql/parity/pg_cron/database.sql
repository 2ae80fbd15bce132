-- purpose: name the database in which pg_cron keeps its jobs
-- needs: CONNECT; pg_cron is loaded
-- returns: database (NULL: it is not loaded)
SELECT NULLIF(pg_catalog.current_setting('cron.database_name', true), '') AS database
 ORDER BY 1
