-- purpose: read the file and the sizes of each table, to see which were written anew and how far they grew
-- needs: CONNECT
-- returns: oid, file, table_bytes, index_bytes, toast_bytes
SELECT c.oid::pg_catalog.int8 AS oid,
       pg_catalog.pg_relation_filenode(c.oid)::pg_catalog.int8 AS file,
       pg_catalog.pg_relation_size(c.oid) AS table_bytes,
       pg_catalog.pg_indexes_size(c.oid) AS index_bytes,
       CASE WHEN c.reltoastrelid = 0 THEN 0 ELSE pg_catalog.pg_total_relation_size(c.reltoastrelid) END AS toast_bytes
  FROM pg_catalog.pg_class AS c
 WHERE c.oid >= 16384
   AND c.relkind IN ('r', 'm')
 ORDER BY 1
