-- purpose: list the procedural languages
-- needs: CONNECT
-- returns: name, importance, expected, compared, told, remark
SELECT l.lanname::pg_catalog.text AS name,
       'other' AS importance,
       true AS expected,
       pg_catalog.jsonb_build_object('trusted', l.lanpltrusted) AS compared,
       pg_catalog.jsonb_build_object() AS told,
       NULL AS remark
  FROM pg_catalog.pg_language AS l
 WHERE l.lanispl
 ORDER BY 1
