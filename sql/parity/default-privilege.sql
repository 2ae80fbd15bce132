-- purpose: list the default privileges that roles have set for objects to come
-- needs: CONNECT
-- returns: name, importance, expected, compared, told, remark
SELECT pg_catalog.pg_get_userbyid(d.defaclrole)
           || CASE WHEN n.oid IS NULL THEN '' ELSE ' in ' || pg_catalog.quote_ident(n.nspname) END
           || ' on ' || CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
                                             WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas'
                                             ELSE 'large objects' END AS name,
       'access' AS importance,
       true AS expected,
       pg_catalog.jsonb_build_object(
           'privileges',
           ARRAY(SELECT DISTINCT e.privilege_type || ' to '
                        || CASE WHEN e.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(e.grantee) END
                        || CASE WHEN e.is_grantable THEN ' with grant option' ELSE '' END
                   FROM pg_catalog.aclexplode(d.defaclacl) AS e
                  WHERE e.privilege_type <> 'MAINTAIN'
                  ORDER BY 1))
       || CASE WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 < 170000
               THEN pg_catalog.jsonb_build_object()
               ELSE pg_catalog.jsonb_build_object(
                        'maintain',
                        ARRAY(SELECT DISTINCT CASE WHEN e.grantee = 0 THEN 'PUBLIC'
                                                   ELSE pg_catalog.pg_get_userbyid(e.grantee)::pg_catalog.text END
                                FROM pg_catalog.aclexplode(d.defaclacl) AS e
                               WHERE e.privilege_type = 'MAINTAIN'
                               ORDER BY 1)) END AS compared,
       pg_catalog.jsonb_build_object() AS told,
       NULL AS remark
  FROM pg_catalog.pg_default_acl AS d
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = d.defaclnamespace
 ORDER BY 1
