-- purpose: find the columns that sort by one of some collations, given by name
-- needs: CONNECT to the stage
-- returns: column
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
       || '.' || pg_catalog.quote_ident(a.attname) AS "column"
  FROM pg_catalog.pg_attribute AS a
  JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_collation AS o ON o.oid = a.attcollation
 WHERE c.relkind IN ('r', 'p', 'm')
   AND NOT a.attisdropped
   AND o.oid::pg_catalog.regcollation::pg_catalog.text = ANY (%(collations)s)
 ORDER BY 1
