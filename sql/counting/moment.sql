-- purpose: say which server this is, and where it stands in its write-ahead log; a standby also how far behind
-- needs: CONNECT
-- returns: read_at, server_version, encoding, in_recovery, lsn, lag (NULL: not a standby, or one that has all it was sent)
SELECT pg_catalog.clock_timestamp() AS read_at,
       pg_catalog.current_setting('server_version') AS server_version,
       pg_catalog.pg_encoding_to_char(d.encoding)::pg_catalog.text AS encoding,
       r.in_recovery,
       CASE WHEN r.in_recovery THEN pg_catalog.pg_last_wal_replay_lsn()
            ELSE pg_catalog.pg_current_wal_lsn() END::pg_catalog.text AS lsn,
       CASE WHEN r.in_recovery
             AND (pg_catalog.pg_is_wal_replay_paused()
                  OR pg_catalog.pg_last_wal_receive_lsn() IS DISTINCT FROM pg_catalog.pg_last_wal_replay_lsn()
                  OR NOT EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver AS w))
            THEN pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp() END AS lag
  FROM pg_catalog.pg_database AS d
 CROSS JOIN (SELECT pg_catalog.pg_is_in_recovery() AS in_recovery) AS r
 WHERE d.datname = pg_catalog.current_database()
 ORDER BY 1
