-- purpose: list which table is a partition or inheritance child of which
-- needs: CONNECT
-- returns: parent, child
SELECT i.inhparent::pg_catalog.int8 AS parent,
       i.inhrelid::pg_catalog.int8 AS child
  FROM pg_catalog.pg_inherits AS i
 WHERE i.inhparent >= 16384
 ORDER BY 1, 2
