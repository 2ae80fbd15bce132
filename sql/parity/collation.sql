-- purpose: list the collations made here or used by a column, one by one, and the system's others in sum
-- needs: CONNECT
-- returns: name, importance, expected, compared, told, remark
WITH used (oid) AS (
    SELECT a.attcollation FROM pg_catalog.pg_attribute AS a WHERE a.attrelid >= 16384 AND NOT a.attisdropped
     UNION
    SELECT t.typcollation FROM pg_catalog.pg_type AS t WHERE t.oid >= 16384
), found AS (
    SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(l.collname) AS identity,
           CASE l.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END AS provider,
           l.oid >= 16384 OR l.oid IN (SELECT u.oid FROM used AS u) AS alone,
           l.collisdeterministic, l.collversion, l.collctype, pg_catalog.to_jsonb(l) AS more,
           pg_catalog.pg_collation_actual_version(l.oid) AS actual
      FROM pg_catalog.pg_collation AS l
      JOIN pg_catalog.pg_namespace AS n ON n.oid = l.collnamespace
     WHERE l.collprovider <> 'd' AND l.collname NOT IN ('C', 'POSIX')
       AND l.collencoding IN (-1, (SELECT d.encoding FROM pg_catalog.pg_database AS d
                                    WHERE d.datname = pg_catalog.current_database()))
)
SELECT f.identity AS name,
       'results' AS importance,
       true AS expected,
       pg_catalog.jsonb_build_object(
           'provider', f.provider,
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
 WHERE f.alone
 UNION ALL
SELECT 'unused ' || f.provider, 'results', false,
       pg_catalog.jsonb_build_object(
           'versions',
           COALESCE(pg_catalog.jsonb_agg(DISTINCT f.collversion) FILTER (WHERE f.collversion IS NOT NULL), '[]'),
           'versions_now',
           COALESCE(pg_catalog.jsonb_agg(DISTINCT f.actual) FILTER (WHERE f.actual IS NOT NULL), '[]')),
       pg_catalog.jsonb_build_object(
           'collations', pg_catalog.count(*),
           'stale', COALESCE(pg_catalog.jsonb_agg(f.identity ORDER BY f.identity)
                                 FILTER (WHERE f.collversion IS NOT NULL AND f.collversion IS DISTINCT FROM f.actual),
                             '[]')),
       CASE WHEN pg_catalog.count(*) FILTER (WHERE f.collversion <> f.actual) > 0
            THEN 'were made with another version than the library now has, '
                 || (pg_catalog.count(*) FILTER (WHERE f.collversion <> f.actual))::pg_catalog.text
                 || ' of them: ALTER COLLATION ... REFRESH VERSION before a column uses one' END
  FROM found AS f
 WHERE NOT f.alone
 GROUP BY f.provider
 ORDER BY 1
