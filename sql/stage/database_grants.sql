-- purpose: list what is granted on a database, if that is not PostgreSQL's default
-- needs: CONNECT to any database of the server
-- returns: grantee (null: PUBLIC), privilege, option (text that follows a GRANT)
SELECT r.rolname::pg_catalog.text AS grantee,
       x.privilege_type AS privilege,
       CASE WHEN x.is_grantable THEN 'WITH GRANT OPTION' ELSE '' END AS option
  FROM pg_catalog.pg_database AS d
 CROSS JOIN pg_catalog.aclexplode(d.datacl) AS x
  LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = x.grantee
 WHERE d.datname = %(database)s
 ORDER BY 1, 2
