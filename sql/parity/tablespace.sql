-- purpose: list the tablespaces, their owners and options
-- needs: CONNECT
-- returns: name, importance, expected, compared, told, remark
SELECT t.spcname::pg_catalog.text AS name,
       'other' AS importance,
       true AS expected,
       pg_catalog.jsonb_build_object('options', t.spcoptions)
       || CASE WHEN t.oid < 16384 THEN pg_catalog.jsonb_build_object()
               ELSE pg_catalog.jsonb_build_object('owner', pg_catalog.pg_get_userbyid(t.spcowner)) END AS compared,
       pg_catalog.jsonb_build_object('location', pg_catalog.pg_tablespace_location(t.oid)) AS told,
       NULL AS remark
  FROM pg_catalog.pg_tablespace AS t
 ORDER BY 1
