-- purpose: list the unique keys that exist before the migration: rows chosen by one are as many in any table
-- needs: CONNECT
-- returns: table_oid, columns (of one unique index, all of it)
SELECT i.indrelid::pg_catalog.int8 AS table_oid,
       pg_catalog.array_agg(a.attname::pg_catalog.text ORDER BY a.attname) AS columns
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1])
 WHERE i.indisunique
   AND i.indisvalid
   AND i.indpred IS NULL
   AND i.indexprs IS NULL
   AND i.indrelid >= 16384
 GROUP BY i.indexrelid, i.indrelid
 ORDER BY i.indexrelid
