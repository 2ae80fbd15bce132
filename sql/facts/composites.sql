-- purpose: name every row type that a column, a field or a domain has
-- needs: CONNECT
-- returns: relation, name
SELECT t.typrelid AS relation, pg_catalog.format_type(t.oid, NULL) AS name
  FROM pg_catalog.pg_type AS t
  JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid AND c.oid >= 16384
 WHERE t.typtype = 'c'
   AND (c.relkind = 'c'
        OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
                    WHERE a.atttypid IN (t.oid, t.typarray) AND a.attrelid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped)
        OR EXISTS (SELECT FROM pg_catalog.pg_type AS d WHERE d.typbasetype IN (t.oid, t.typarray)))
 ORDER BY 1
