-- purpose: list the migrating backends, who blocks them and since when
-- needs: superuser of the stage
-- returns: pid, session, role, idle_in_transaction, waiting, blockers, now
SELECT a.pid,
       pg_catalog.to_hex(pg_catalog.trunc(extract(EPOCH FROM a.backend_start))::pg_catalog.int8) || '.' || pg_catalog.to_hex(a.pid) AS session,
       a.usename::pg_catalog.text AS role,
       COALESCE(pg_catalog.starts_with(a.state, 'idle in transaction'), false) AS idle_in_transaction,
       COALESCE(a.wait_event_type = 'Lock', false) AS waiting,
       CASE WHEN a.wait_event_type = 'Lock' THEN pg_catalog.pg_blocking_pids(a.pid) ELSE ARRAY[]::pg_catalog.int4[] END AS blockers,
       pg_catalog.clock_timestamp() AS now
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.datname = pg_catalog.current_database()
   AND a.backend_type = 'client backend'
   AND a.usename <> CURRENT_USER
 ORDER BY a.pid
