-- purpose: list the foreign keys that lead to a table or leaf partition, to find the rows that nothing refers to
-- needs: CONNECT
-- returns: parent, child, parent_columns, child_columns
SELECT pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(p.relname) AS parent,
       pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS child,
       ARRAY(SELECT a.attname::pg_catalog.text
               FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS u (number, place)
               JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.number
              ORDER BY u.place) AS parent_columns,
       ARRAY(SELECT a.attname::pg_catalog.text
               FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u (number, place)
               JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.number
              ORDER BY u.place) AS child_columns
  FROM pg_catalog.pg_constraint AS k
  JOIN pg_catalog.pg_class AS p ON p.oid = k.confrelid
  JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
  JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
  JOIN pg_catalog.pg_namespace AS cn ON cn.oid = c.relnamespace
 WHERE k.contype = 'f'
   AND p.relkind = 'r'
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS above
                    WHERE above.oid = k.conparentid AND above.confrelid = k.confrelid)
 ORDER BY 1, 2, k.conname
