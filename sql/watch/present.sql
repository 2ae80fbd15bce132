-- purpose: count those of some server processes that are still there
-- needs: CONNECT
-- returns: present
SELECT pg_catalog.count(*) AS present
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.pid = ANY (%(pids)s)
 ORDER BY 1
