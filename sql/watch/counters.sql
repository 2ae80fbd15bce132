-- purpose: read how many rows of each table were written and read since the server counts
-- needs: CONNECT, superuser for tables of others
-- returns: oid, inserted, updated, deleted, read
SELECT s.relid::pg_catalog.int8 AS oid,
       s.n_tup_ins AS inserted,
       s.n_tup_upd AS updated,
       s.n_tup_del AS deleted,
       COALESCE(s.seq_tup_read, 0) AS read
  FROM pg_catalog.pg_stat_all_tables AS s
 WHERE s.relid >= 16384
 ORDER BY 1
