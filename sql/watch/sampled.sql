-- purpose: list what the migrating backends run and which tables they have locked at this moment, seen by a role like any other
-- needs: CONNECT to the stage, as the migrating role or a member of it
-- returns: session, application, started, transaction_started, sql, relation, mode, granted, now
SELECT pg_catalog.to_hex(pg_catalog.trunc(extract(EPOCH FROM a.backend_start))::pg_catalog.int8) || '.' || pg_catalog.to_hex(a.pid) AS session,
       a.application_name AS application,
       CASE WHEN a.state = 'active' THEN a.query_start END AS started,
       a.xact_start AS transaction_started,
       a.query AS sql,
       l.relation::pg_catalog.int8 AS relation,
       l.mode,
       l.granted,
       pg_catalog.clock_timestamp() AS now
  FROM pg_catalog.pg_stat_activity AS a
  LEFT JOIN pg_catalog.pg_locks AS l
    ON l.pid = a.pid AND l.locktype = 'relation' AND l.relation >= 16384 AND l.mode <> 'AccessShareLock'
   AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
 WHERE a.datname = pg_catalog.current_database()
   AND a.backend_type = 'client backend'
   AND a.application_name <> 'rehearse'
   AND a.xact_start IS NOT NULL
 ORDER BY 1, 4, 6, 7
