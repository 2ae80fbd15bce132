-- purpose: end every migrating backend, and wait until it has ended
-- needs: superuser of the stage
-- returns: pid, ended
SELECT a.pid,
       pg_catalog.pg_terminate_backend(a.pid, 5000) AS ended
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.datname = pg_catalog.current_database()
   AND a.backend_type = 'client backend'
   AND a.usename <> CURRENT_USER
 ORDER BY a.pid
