-- purpose: list the foreign keys with their columns, to know which table a change of the other one locks, too
-- needs: CONNECT
-- returns: table, name, columns, other (the table it references), other_columns
SELECT c.conrelid::pg_catalog.int8 AS table,
       c.conname::pg_catalog.text AS name,
       ARRAY(SELECT a.attname::pg_catalog.text
               FROM pg_catalog.pg_attribute AS a
              WHERE a.attrelid = c.conrelid
                AND a.attnum = ANY (c.conkey)
              ORDER BY a.attnum) AS columns,
       c.confrelid::pg_catalog.int8 AS other,
       ARRAY(SELECT a.attname::pg_catalog.text
               FROM pg_catalog.pg_attribute AS a
              WHERE a.attrelid = c.confrelid
                AND a.attnum = ANY (c.confkey)
              ORDER BY a.attnum) AS other_columns
  FROM pg_catalog.pg_constraint AS c
 WHERE c.contype = 'f'
 ORDER BY 1, 2
