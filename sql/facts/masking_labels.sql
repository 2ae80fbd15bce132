-- purpose: list what PostgreSQL Anonymizer was told about tables and columns (its documentation, Declare Masking Rules)
-- needs: CONNECT
-- returns: relation, name (of the column; null: the whole table), label
SELECT l.objoid AS relation,
       a.attname::pg_catalog.text AS name,
       l.label
  FROM pg_catalog.pg_seclabel AS l
  LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = l.objoid AND a.attnum = l.objsubid AND l.objsubid > 0
 WHERE l.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
   AND l.provider = 'anon'
 ORDER BY 1, 2 NULLS FIRST
