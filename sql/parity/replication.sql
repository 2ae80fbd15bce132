-- purpose: say whether this is a standby, and which standbys and other receivers are connected
-- needs: CONNECT; pg_read_all_stats to see the receivers
-- returns: name, importance, expected, compared (NULL: not to be read), told, remark
SELECT 'standby' AS name,
       'other' AS importance,
       true AS expected,
       pg_catalog.jsonb_build_object('in_recovery', pg_catalog.pg_is_in_recovery()) AS compared,
       pg_catalog.jsonb_build_object() AS told,
       NULL AS remark
 UNION ALL
SELECT 'receivers', 'other', true,
       CASE WHEN pg_catalog.count(*) = pg_catalog.count(r.state)
            THEN pg_catalog.jsonb_build_object(
                     'connected',
                     pg_catalog.count(*) FILTER (WHERE r.state IN ('startup', 'catchup', 'streaming'))) END,
       pg_catalog.jsonb_build_object(
           'names', pg_catalog.jsonb_agg(DISTINCT r.application_name)),
       CASE WHEN pg_catalog.count(*) > pg_catalog.count(r.state)
            THEN 'only members of pg_read_all_stats may see what is connected' END
  FROM pg_catalog.pg_stat_replication AS r
 ORDER BY 1
