-- purpose: list the collations that were made here or that a column uses, with the version recorded and the library's
-- needs: CONNECT
-- returns: name, importance, expected, compared, told, remark
WITH used (oid) AS (
    SELECT a.attcollation FROM pg_catalog.pg_attribute AS a WHERE a.attrelid >= 16384 AND NOT a.attisdropped
     UNION
    SELECT t.typcollation FROM pg_catalog.pg_type AS t WHERE t.oid >= 16384
), found AS (
    SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(l.collname) AS identity,
           l.collprovider, l.collisdeterministic, l.collversion, l.collctype, pg_catalog.to_jsonb(l) AS more,
           pg_catalog.pg_collation_actual_version(l.oid) AS actual
      FROM pg_catalog.pg_collation AS l
      JOIN pg_catalog.pg_namespace AS n ON n.oid = l.collnamespace
     WHERE (l.oid >= 16384 OR l.oid IN (SELECT u.oid FROM used AS u))
       AND l.collprovider <> 'd' AND l.collname NOT IN ('C', 'POSIX')
       AND l.collencoding IN (-1, (SELECT d.encoding FROM pg_catalog.pg_database AS d
                                    WHERE d.datname = pg_catalog.current_database()))
)
SELECT f.identity AS name,
       'results' AS importance,
       true AS expected,
       pg_catalog.jsonb_build_object(
           'provider', CASE f.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
           'locale', COALESCE(f.more ->> 'colllocale', f.more ->> 'colliculocale', f.more ->> 'collcollate'),
           'ctype', f.collctype,
           'deterministic', f.collisdeterministic,
           'version', f.collversion,
           'version_now', f.actual)
       || CASE WHEN f.more OPERATOR(pg_catalog.?) 'collicurules'
               THEN pg_catalog.jsonb_build_object('rules', f.more -> 'collicurules')
               ELSE pg_catalog.jsonb_build_object() END AS compared,
       pg_catalog.jsonb_build_object() AS told,
       CASE WHEN f.collversion <> f.actual
            THEN 'was made with version ' || f.collversion || ', the library now has ' || f.actual
                 || ': indexes that use it may be corrupt. REINDEX them, then ALTER COLLATION '
                 || f.identity || ' REFRESH VERSION' END AS remark
  FROM found AS f
 ORDER BY 1
