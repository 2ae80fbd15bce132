-- purpose: name settings on which a migration can depend, and that this role may not see
-- needs: CONNECT; members of pg_read_all_settings see all
-- returns: name
SELECT h.name
  FROM pg_catalog.unnest(ARRAY['session_preload_libraries', 'shared_preload_libraries']) AS h (name)
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_settings AS s WHERE s.name = h.name)
 ORDER BY 1
