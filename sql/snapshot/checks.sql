-- purpose: list the conditions that rows of some tables satisfy: CHECK constraints, and those of their columns' domains
-- needs: CONNECT
-- returns: relation, name, expression, columns, of_domain
WITH RECURSIVE domain (relation, attribute, type) AS (
    SELECT a.attrelid, a.attname, a.atttypid
      FROM pg_catalog.pg_attribute AS a
     WHERE a.attrelid = ANY (%(relations)s) AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT d.relation, d.attribute, t.typbasetype
      FROM domain AS d
      JOIN pg_catalog.pg_type AS t ON t.oid = d.type
     WHERE t.typtype = 'd'
)
SELECT c.conrelid AS relation, c.conname::pg_catalog.text AS name,
       pg_catalog.pg_get_expr(c.conbin, c.conrelid) AS expression,
       (SELECT pg_catalog.array_agg(a.attname::pg_catalog.text ORDER BY a.attnum) FROM pg_catalog.pg_attribute AS a
         WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)) AS columns,
       FALSE AS of_domain
  FROM pg_catalog.pg_constraint AS c
 WHERE c.conrelid = ANY (%(relations)s) AND c.contype = 'c'
UNION ALL
SELECT d.relation, c.conname::pg_catalog.text, pg_catalog.pg_get_expr(c.conbin, 0),
       ARRAY[d.attribute::pg_catalog.text], TRUE
  FROM domain AS d
  JOIN pg_catalog.pg_constraint AS c ON c.contypid = d.type AND c.contype = 'c'
 ORDER BY 1, 2
