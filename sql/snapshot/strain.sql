-- purpose: say what reading does to the source: how old the oldest row version is that our transactions hold back, how far the standbys are behind
-- needs: pg_read_all_stats to see how far the standbys of a primary are behind
-- returns: xmin_age (transactions), lag (NULL: nobody is behind, or it may not be seen), behind (who)
SELECT COALESCE((SELECT pg_catalog.max(pg_catalog.age(a.backend_xmin))
                   FROM pg_catalog.pg_stat_activity AS a
                  WHERE a.pid = ANY (%(pids)s)), 0) AS xmin_age,
       w.lag,
       w.behind
  FROM (SELECT NULL) AS one
  LEFT JOIN LATERAL (
       SELECT r.replay_lag AS lag, COALESCE(NULLIF(r.application_name, ''), r.client_addr::pg_catalog.text) AS behind
         FROM pg_catalog.pg_stat_replication AS r
        WHERE r.replay_lag IS NOT NULL
        UNION ALL
       SELECT pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp(), 'this standby'
        WHERE pg_catalog.pg_is_in_recovery()
          AND (pg_catalog.pg_is_wal_replay_paused()
               OR pg_catalog.pg_last_wal_receive_lsn() IS DISTINCT FROM pg_catalog.pg_last_wal_replay_lsn())
        ORDER BY 1 DESC
        LIMIT 1) AS w ON true
 ORDER BY 1
