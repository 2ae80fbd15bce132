-- purpose: of the columns a query returned, say which are surrogate keys or refer to some: their values may be shown
-- needs: CONNECT to the stage
-- returns: position
SELECT p.position AS position
  FROM ROWS FROM (pg_catalog.unnest(%(tables)s::pg_catalog.oid[]), pg_catalog.unnest(%(columns)s::pg_catalog.int2[]))
       WITH ORDINALITY AS p (relation, attribute, position)
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = p.relation AND a.attnum = p.attribute
 WHERE a.atttypid IN ('pg_catalog.int2'::pg_catalog.regtype,
                      'pg_catalog.int4'::pg_catalog.regtype,
                      'pg_catalog.int8'::pg_catalog.regtype,
                      'pg_catalog.uuid'::pg_catalog.regtype)
   AND EXISTS (SELECT FROM pg_catalog.pg_constraint AS c
                WHERE c.conrelid = p.relation
                  AND c.contype IN ('p', 'f')
                  AND p.attribute = ANY (c.conkey))
 ORDER BY p.position
