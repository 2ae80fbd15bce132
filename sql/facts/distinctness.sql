-- purpose: say how many distinct values columns have, by the last ANALYZE; no value is read
-- needs: CONNECT; columns the role may not SELECT are left out
-- returns: relation, name, distinct_values (negative: a share of the rows), null_share, average_bytes
SELECT c.oid AS relation,
       s.attname::pg_catalog.text AS name,
       s.n_distinct::pg_catalog.float8 AS distinct_values,
       s.null_frac::pg_catalog.float8 AS null_share,
       s.avg_width AS average_bytes
  FROM pg_catalog.pg_stats AS s
  JOIN pg_catalog.pg_namespace AS n ON n.nspname = s.schemaname
  JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.tablename
 WHERE NOT s.inherited AND n.nspname NOT IN ('pg_catalog', 'information_schema')
 ORDER BY 1, 2
