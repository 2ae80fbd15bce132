-- purpose: list which role is a member of which, and what it gets by that
-- needs: CONNECT
-- returns: name, importance, expected, compared, told, remark
SELECT r.rolname::pg_catalog.text || ' in ' || g.rolname::pg_catalog.text AS name,
       'access' AS importance,
       true AS expected,
       pg_catalog.jsonb_build_object(
           'admin', pg_catalog.bool_or(m.admin_option),
           'inherit', pg_catalog.bool_or(m.inherit_option),
           'set', pg_catalog.bool_or(m.set_option)) AS compared,
       pg_catalog.jsonb_build_object() AS told,
       NULL AS remark
  FROM pg_catalog.pg_auth_members AS m
  JOIN pg_catalog.pg_roles AS r ON r.oid = m.member
  JOIN pg_catalog.pg_roles AS g ON g.oid = m.roleid
 WHERE r.rolname !~ '^pg_'
 GROUP BY 1
 ORDER BY 1
