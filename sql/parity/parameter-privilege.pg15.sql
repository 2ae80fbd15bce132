-- purpose: list who may change which setting
-- needs: CONNECT
-- returns: name, importance, expected, compared, told, remark
SELECT p.parname || ' to ' || CASE WHEN e.grantee = 0 THEN 'PUBLIC'
                                   ELSE pg_catalog.pg_get_userbyid(e.grantee)::pg_catalog.text END AS name,
       'access' AS importance,
       true AS expected,
       pg_catalog.jsonb_build_object('privileges', pg_catalog.jsonb_agg(DISTINCT e.privilege_type)) AS compared,
       pg_catalog.jsonb_build_object() AS told,
       NULL AS remark
  FROM pg_catalog.pg_parameter_acl AS p
 CROSS JOIN LATERAL pg_catalog.aclexplode(p.paracl) AS e
 WHERE e.grantee <> 10
 GROUP BY 1
 ORDER BY 1
