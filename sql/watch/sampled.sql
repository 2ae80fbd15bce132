-- purpose: list which tables other backends have locked at this moment, and what they run, seen by a role like any other
-- needs: CONNECT to the stage, as the migrating role or a member of it
-- returns: pid, sql (of sessions of others a sentence), transaction_started (null: of others), relation, mode
SELECT a.pid,
       a.query AS sql,
       a.xact_start AS transaction_started,
       l.relation::pg_catalog.int8 AS relation,
       l.mode
  FROM pg_catalog.pg_stat_activity AS a
  JOIN pg_catalog.pg_locks AS l
    ON l.pid = a.pid AND l.locktype = 'relation' AND l.relation >= 16384 AND l.mode <> 'AccessShareLock' AND l.granted
   AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
 WHERE a.datname = pg_catalog.current_database()
   AND a.pid <> pg_catalog.pg_backend_pid()
   AND a.usesysid IS NOT NULL
 ORDER BY 1, 3, 4, 5
