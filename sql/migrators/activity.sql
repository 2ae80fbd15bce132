-- purpose: tell what the migrating backends are at when a limit of time is reached
-- needs: superuser of the stage
-- returns: pid, state, sql, lasts, lock, blockers
SELECT a.pid,
       COALESCE(a.state, '') AS state,
       COALESCE(a.query, '') AS sql,
       COALESCE(pg_catalog.clock_timestamp() - CASE WHEN a.state = 'active' THEN a.query_start ELSE a.state_change END, '0') AS lasts,
       CASE WHEN a.wait_event_type = 'Lock' THEN COALESCE(
           (SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
              FROM pg_catalog.pg_locks AS l
              JOIN pg_catalog.pg_class AS c ON c.oid = l.relation
              JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
             WHERE l.pid = a.pid AND NOT l.granted
             ORDER BY 1
             LIMIT 1),
           a.wait_event) END AS lock,
       CASE WHEN a.wait_event_type = 'Lock' THEN pg_catalog.pg_blocking_pids(a.pid) ELSE ARRAY[]::pg_catalog.int4[] END AS blockers
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.datname = pg_catalog.current_database()
   AND a.backend_type = 'client backend'
   AND a.usename <> CURRENT_USER
 ORDER BY a.pid
