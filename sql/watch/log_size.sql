-- purpose: say how long the server's log is
-- needs: superuser, or EXECUTE on pg_stat_file(text)
-- returns: size (bytes)
SELECT f.size
  FROM pg_catalog.pg_stat_file(%(path)s) AS f
 ORDER BY 1
