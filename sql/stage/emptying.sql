-- purpose: list the commands that empty a database of what its owner has put there, in their order
-- needs: owner of the database
-- returns: place, command
SELECT 1 AS place, 'DROP EXTENSION IF EXISTS ' || pg_catalog.quote_ident(e.extname) || ' CASCADE' AS command
  FROM pg_catalog.pg_extension AS e
 WHERE e.extname <> 'plpgsql'
   AND pg_catalog.pg_has_role(e.extowner, 'USAGE')
 UNION ALL
SELECT 2, 'DROP PUBLICATION ' || pg_catalog.quote_ident(p.pubname)
  FROM pg_catalog.pg_publication AS p
 UNION ALL
SELECT 3, 'DROP SERVER ' || pg_catalog.quote_ident(s.srvname) || ' CASCADE'
  FROM pg_catalog.pg_foreign_server AS s
 UNION ALL
SELECT 4, 'DROP SCHEMA ' || pg_catalog.quote_ident(n.nspname) || ' CASCADE'
  FROM pg_catalog.pg_namespace AS n
 WHERE NOT pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_')
   AND n.nspname <> 'information_schema'
 UNION ALL
SELECT 5, step.command
  FROM (VALUES ('CREATE SCHEMA public')) AS step (command)
 UNION ALL
SELECT 6, step.command
  FROM (VALUES ('GRANT USAGE ON SCHEMA public TO PUBLIC')) AS step (command)
 ORDER BY 1, 2
