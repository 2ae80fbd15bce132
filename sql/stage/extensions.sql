-- purpose: list the extensions the stage's server can create
-- needs: CONNECT to the stage
-- returns: name, version
SELECT e.name::pg_catalog.text AS name,
       e.default_version AS version
  FROM pg_catalog.pg_available_extensions AS e
 ORDER BY 1
