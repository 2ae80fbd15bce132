-- purpose: read what defines the functions, procedures and triggers there are, to know who locks tables
-- needs: CONNECT
-- returns: definition (a CREATE statement)
SELECT pg_catalog.pg_get_functiondef(p.oid) AS definition
  FROM pg_catalog.pg_proc AS p
  JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
 WHERE p.oid >= 16384
   AND p.prokind IN ('f', 'p')
   AND l.lanname NOT IN ('c', 'internal')
   AND n.nspname <> '_rehearse'
 UNION ALL
SELECT pg_catalog.pg_get_triggerdef(t.oid)
  FROM pg_catalog.pg_trigger AS t
 WHERE NOT t.tgisinternal
 ORDER BY 1
