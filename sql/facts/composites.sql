-- purpose: name every row type that a column of the database's own has
-- needs: CONNECT
-- returns: relation, name
SELECT DISTINCT t.typrelid AS relation, pg_catalog.format_type(t.oid, NULL) AS name
  FROM pg_catalog.pg_type AS t
  JOIN pg_catalog.pg_attribute AS a ON a.atttypid IN (t.oid, t.typarray) AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid AND c.oid >= 16384
 WHERE t.typtype = 'c'
 ORDER BY 1
