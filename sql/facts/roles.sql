-- purpose: list the roles and what they are members of; passwords are not read
-- needs: CONNECT
-- returns: name, superuser, inherit, createrole, createdb, bypassrls, member_of
SELECT r.rolname::pg_catalog.text AS name,
       r.rolsuper AS superuser,
       r.rolinherit AS inherit,
       r.rolcreaterole AS createrole,
       r.rolcreatedb AS createdb,
       r.rolbypassrls AS bypassrls,
       ARRAY(SELECT DISTINCT g.rolname::pg_catalog.text
               FROM pg_catalog.pg_auth_members AS m
               JOIN pg_catalog.pg_roles AS g ON g.oid = m.roleid
              WHERE m.member = r.oid
              ORDER BY 1) AS member_of
  FROM pg_catalog.pg_roles AS r
 WHERE r.rolname NOT LIKE 'pg\_' || pg_catalog.chr(37)
 ORDER BY 1
