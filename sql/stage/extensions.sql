-- purpose: list the extensions the connected role can create on the stage's server
-- needs: CONNECT to the stage
-- returns: name, version
SELECT e.name::pg_catalog.text AS name,
       e.default_version AS version
  FROM pg_catalog.pg_available_extensions AS e
  JOIN pg_catalog.pg_available_extension_versions AS v ON v.name = e.name AND v.version = e.default_version
 WHERE v.trusted
    OR e.installed_version IS NOT NULL
    OR pg_catalog.current_setting('is_superuser') = 'on'
 ORDER BY 1
