-- purpose: list what is unique in some tables: of each index the expressions, the columns they read and the condition
-- needs: CONNECT
-- returns: relation, name, expressions, columns, condition
SELECT i.indrelid AS relation, c.relname::pg_catalog.text AS name,
       (SELECT pg_catalog.array_agg(pg_catalog.pg_get_indexdef(i.indexrelid, k.place, FALSE) ORDER BY k.place)
          FROM pg_catalog.generate_series(1, i.indnkeyatts::pg_catalog.int4) AS k (place)) AS expressions,
       (SELECT pg_catalog.array_agg(DISTINCT a.attname::pg_catalog.text) FROM pg_catalog.pg_attribute AS a
         WHERE a.attrelid = i.indrelid AND a.attnum > 0
           AND (a.attnum = ANY (i.indkey::pg_catalog.int2[])
                OR EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                            WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = i.indexrelid
                              AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum))) AS columns,
       COALESCE(pg_catalog.pg_get_expr(i.indpred, i.indrelid), 'TRUE') AS condition
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
 WHERE i.indrelid = ANY (%(relations)s) AND i.indisunique AND i.indisvalid
 ORDER BY 1, 2
