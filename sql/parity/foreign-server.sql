-- purpose: list the foreign servers and their wrappers; of their options the names only, of user mappings nothing
-- needs: CONNECT
-- returns: name, importance, expected, compared, told, remark
SELECT s.srvname::pg_catalog.text AS name,
       'other' AS importance,
       true AS expected,
       pg_catalog.jsonb_build_object(
           'wrapper', w.fdwname,
           'type', s.srvtype,
           'version', s.srvversion,
           'owner', pg_catalog.pg_get_userbyid(s.srvowner),
           'options', ARRAY(SELECT pg_catalog.split_part(u.entry, '=', 1)
                              FROM pg_catalog.unnest(s.srvoptions) AS u (entry)
                             ORDER BY 1)) AS compared,
       pg_catalog.jsonb_build_object() AS told,
       NULL AS remark
  FROM pg_catalog.pg_foreign_server AS s
  JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
 ORDER BY 1
