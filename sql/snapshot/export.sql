-- purpose: let pg_dump see the very same moment
-- needs: CONNECT
-- returns: snapshot
SELECT pg_catalog.pg_export_snapshot() AS snapshot
 ORDER BY 1
