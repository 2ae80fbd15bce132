-- purpose: say whether pg_cron keeps its jobs in this database, and whether all of them may be read
-- needs: CONNECT
-- returns: present, readable
SELECT true AS present,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
           AND NOT pg_catalog.row_security_active(c.oid) AS readable
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname = 'cron' AND c.relname = 'job' AND c.relkind = 'r'
 ORDER BY 1
