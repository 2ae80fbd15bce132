-- purpose: name every table that a plain ANALYZE gathers statistics of, the largest first
-- needs: CONNECT to the stage
-- returns: identity
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS identity
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'm')
   AND c.relpersistence <> 't'
 ORDER BY pg_catalog.pg_relation_size(c.oid) DESC, 1
