-- purpose: which of some tables other sessions have locked against writes, or the migration tool's own at all
-- needs: CONNECT
-- returns: identity
SELECT DISTINCT t.identity
  FROM pg_catalog.unnest(%(tables)s::pg_catalog.text[]) AS t (identity)
  JOIN pg_catalog.pg_locks AS l ON l.relation = pg_catalog.to_regclass(t.identity)
 WHERE l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
   AND l.granted AND l.pid <> pg_catalog.pg_backend_pid()
   AND (l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
        OR (t.identity = ANY (%(books)s::pg_catalog.text[]) AND l.mode = 'RowExclusiveLock'))
 ORDER BY t.identity
