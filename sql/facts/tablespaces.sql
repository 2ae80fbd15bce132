-- purpose: list the tablespaces that were made, and who may create in them; where they lie is not read
-- needs: CONNECT
-- returns: name, owner, acl (aclitems as text)
SELECT t.spcname::pg_catalog.text AS name,
       pg_catalog.pg_get_userbyid(t.spcowner)::pg_catalog.text AS owner,
       ARRAY(SELECT a.entry::pg_catalog.text
               FROM pg_catalog.unnest(t.spcacl) AS a (entry)
              ORDER BY 1) AS acl
  FROM pg_catalog.pg_tablespace AS t
 WHERE t.spcname NOT IN ('pg_default', 'pg_global')
 ORDER BY 1
