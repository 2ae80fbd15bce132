-- purpose: list the subscriptions of the connected database; where they connect to is not read
-- needs: CONNECT
-- returns: name, importance, expected, compared, told, remark
SELECT s.subname::pg_catalog.text AS name,
       'other' AS importance,
       true AS expected,
       pg_catalog.jsonb_build_object(
           'enabled', s.subenabled,
           'publications', s.subpublications,
           'slot', s.subslotname,
           'synchronous_commit', s.subsynccommit) AS compared,
       pg_catalog.jsonb_build_object() AS told,
       CASE WHEN NOT s.subenabled THEN 'is disabled: it receives nothing' END AS remark
  FROM pg_catalog.pg_subscription AS s
 WHERE s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
 ORDER BY 1
