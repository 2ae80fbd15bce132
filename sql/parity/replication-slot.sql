-- purpose: list the lasting replication slots: physical ones, and logical ones of the connected database
-- needs: CONNECT
-- returns: name, importance, expected, compared, told, remark
SELECT s.slot_name::pg_catalog.text AS name,
       'other' AS importance,
       true AS expected,
       pg_catalog.jsonb_build_object('type', s.slot_type, 'plugin', s.plugin) AS compared,
       pg_catalog.jsonb_build_object('active', s.active, 'wal', s.wal_status) AS told,
       CASE WHEN s.wal_status IN ('unreserved', 'lost')
            THEN 'has lost WAL it needs, or is about to: look at max_slot_wal_keep_size' END AS remark
  FROM pg_catalog.pg_replication_slots AS s
 WHERE NOT s.temporary AND (s.database IS NULL OR s.database = pg_catalog.current_database())
 ORDER BY 1
