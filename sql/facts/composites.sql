-- purpose: name every row type that a column, a field or a domain has
-- needs: CONNECT
-- returns: relation, name
WITH used AS MATERIALIZED (
    SELECT a.atttypid AS type FROM pg_catalog.pg_attribute AS a WHERE a.attrelid >= 16384 AND NOT a.attisdropped
    UNION
    SELECT d.typbasetype FROM pg_catalog.pg_type AS d WHERE d.typtype = 'd'
)
SELECT t.typrelid AS relation, pg_catalog.format_type(t.oid, NULL) AS name
  FROM pg_catalog.pg_type AS t
 WHERE t.typtype = 'c' AND t.typrelid >= 16384
   AND (t.oid IN (SELECT u.type FROM used AS u) OR t.typarray IN (SELECT u.type FROM used AS u))
 ORDER BY 1
