-- purpose: read what a new session of the migrating role begins with
-- needs: CONNECT
-- returns: schemas (of the search_path), lock_timeout
SELECT pg_catalog.current_schemas(false)::pg_catalog.text[] AS schemas,
       pg_catalog.current_setting('lock_timeout') AS lock_timeout
