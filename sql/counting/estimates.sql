-- purpose: say when the estimates in pg_class were last made, as far as the statistics remember
-- needs: CONNECT
-- returns: oid, estimated_at
SELECT s.relid AS oid,
       GREATEST(s.last_vacuum, s.last_autovacuum, s.last_analyze, s.last_autoanalyze) AS estimated_at
  FROM pg_catalog.pg_stat_all_tables AS s
 ORDER BY 1
