-- purpose: list the migrating backends, who blocks them and since when
-- needs: superuser of the stage
-- returns: pid, session, role, idle_in_transaction, waiting, blockers, statement (when it began), ending (a COMMIT), locking (a relation, in SHARE mode or stronger; null: not asked of a short statement), now
SELECT a.pid,
       pg_catalog.to_hex(pg_catalog.trunc(extract(EPOCH FROM a.backend_start))::pg_catalog.int8) || '.' || pg_catalog.to_hex(a.pid) AS session,
       a.usename::pg_catalog.text AS role,
       COALESCE(pg_catalog.starts_with(a.state, 'idle in transaction'), false) AS idle_in_transaction,
       COALESCE(a.wait_event_type = 'Lock', false) AS waiting,
       CASE WHEN a.wait_event_type = 'Lock' THEN pg_catalog.pg_blocking_pids(a.pid) ELSE ARRAY[]::pg_catalog.int4[] END AS blockers,
       a.query_start AS statement,
       e.ending,
       CASE WHEN a.state = 'active' AND (e.ending OR pg_catalog.clock_timestamp() - a.query_start > '100 ms')
            THEN EXISTS (SELECT
                           FROM pg_catalog.pg_locks AS l
                          WHERE l.pid = a.pid
                            AND l.locktype = 'relation'
                            AND l.granted
                            AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'))
       END AS locking,
       pg_catalog.clock_timestamp() AS now
  FROM pg_catalog.pg_stat_activity AS a
 CROSS JOIN LATERAL (SELECT a.query ~* '^\s*(commit|end)\y' AS ending) AS e
 WHERE a.datname = pg_catalog.current_database()
   AND a.backend_type = 'client backend'
   AND a.usename <> CURRENT_USER
 ORDER BY a.pid
