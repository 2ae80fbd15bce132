-- purpose: list which table is referenced by a foreign key of which, for TRUNCATE ... CASCADE
-- needs: CONNECT
-- returns: referenced, referencing
SELECT DISTINCT
       c.confrelid::pg_catalog.int8 AS referenced,
       c.conrelid::pg_catalog.int8 AS referencing
  FROM pg_catalog.pg_constraint AS c
 WHERE c.contype = 'f'
 ORDER BY 1, 2
