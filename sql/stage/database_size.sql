-- purpose: say how large the database of a stage is
-- needs: CONNECT to the stage
-- returns: bytes
SELECT pg_catalog.pg_database_size(pg_catalog.current_database()) AS bytes
 ORDER BY 1
