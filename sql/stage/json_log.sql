-- purpose: find the server's log in its JSON form, if it can be read and its times are in UTC
-- needs: superuser, or EXECUTE on pg_current_logfile(text), pg_stat_file(text) and pg_read_binary_file
-- returns: path
SELECT pg_catalog.pg_current_logfile('jsonlog') AS path
 WHERE pg_catalog.current_setting('log_timezone') IN ('UTC', 'GMT', 'Etc/UTC', 'Etc/GMT')
   AND pg_catalog.pg_current_logfile('jsonlog') IS NOT NULL
 ORDER BY 1
