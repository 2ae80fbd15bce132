-- purpose: list the default partitions, which are locked and searched when another one comes
-- needs: CONNECT
-- returns: table, partition
SELECT p.partrelid::pg_catalog.int8 AS table,
       p.partdefid::pg_catalog.int8 AS partition
  FROM pg_catalog.pg_partitioned_table AS p
 WHERE p.partdefid <> 0
 ORDER BY 1
