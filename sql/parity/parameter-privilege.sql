-- purpose: list who may change which setting: nobody but superusers, before PostgreSQL 15
-- needs: CONNECT
-- returns: name, importance, expected, compared, told, remark
SELECT NULL::pg_catalog.text AS name,
       'access' AS importance,
       true AS expected,
       NULL::pg_catalog.jsonb AS compared,
       NULL::pg_catalog.jsonb AS told,
       NULL AS remark
 WHERE false
 ORDER BY 1
