-- purpose: take access control items apart
-- needs: CONNECT, and every role the items name
-- returns: grantee (null: PUBLIC), privilege, option (text that follows a GRANT)
SELECT r.rolname::pg_catalog.text AS grantee,
       x.privilege_type AS privilege,
       CASE WHEN x.is_grantable THEN 'WITH GRANT OPTION' ELSE '' END AS option
  FROM pg_catalog.aclexplode(%(acl)s::pg_catalog.text[]::pg_catalog.aclitem[]) AS x
  LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = x.grantee
 ORDER BY 1, 2
