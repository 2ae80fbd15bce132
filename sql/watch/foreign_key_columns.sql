-- purpose: list the foreign keys with their columns, to know whose lock dropping one takes along
-- needs: CONNECT
-- returns: table, name, columns, other (the table it references)
SELECT c.conrelid::pg_catalog.int8 AS table,
       c.conname::pg_catalog.text AS name,
       ARRAY(SELECT a.attname::pg_catalog.text
               FROM pg_catalog.pg_attribute AS a
              WHERE a.attrelid = c.conrelid
                AND a.attnum = ANY (c.conkey)
              ORDER BY a.attnum) AS columns,
       c.confrelid::pg_catalog.int8 AS other
  FROM pg_catalog.pg_constraint AS c
 WHERE c.contype = 'f'
 ORDER BY 1, 2
