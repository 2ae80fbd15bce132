-- purpose: list what may stand before a bracket and is no function of the project
-- needs: CONNECT
-- returns: name
SELECT p.proname::pg_catalog.text AS name
  FROM pg_catalog.pg_proc AS p
 WHERE p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace
 UNION
SELECT k.word
  FROM pg_catalog.pg_get_keywords() AS k
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_proc AS p
                    WHERE p.proname = k.word
                      AND p.pronamespace <> 'pg_catalog'::pg_catalog.regnamespace)
 ORDER BY 1
