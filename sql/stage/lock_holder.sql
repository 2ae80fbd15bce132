-- purpose: say who holds the place for a rehearsal, and since when: the holder's application name tells
-- needs: CONNECT
-- returns: holder, role
SELECT a.application_name AS holder,
       a.usename::pg_catalog.text AS role
  FROM pg_catalog.pg_locks AS l
  JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
 WHERE l.locktype = 'advisory'
   AND l.classid = 1919248485
   AND l.objid = 1919247475
   AND l.granted
   AND a.datname = pg_catalog.current_database()
 ORDER BY 1
