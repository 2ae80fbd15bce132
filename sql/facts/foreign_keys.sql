-- purpose: list the foreign keys, with the columns on both sides; a partitioned parent stands for its leaves
-- needs: CONNECT
-- returns: name, child, parent, child_columns, parent_columns, validated, match, inherited
SELECT k.conname::pg_catalog.text AS name,
       k.conrelid AS child,
       k.confrelid AS parent,
       ARRAY(SELECT a.attname::pg_catalog.text
               FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u (number, place)
               JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.number
              ORDER BY u.place) AS child_columns,
       ARRAY(SELECT a.attname::pg_catalog.text
               FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS u (number, place)
               JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.number
              ORDER BY u.place) AS parent_columns,
       k.convalidated AS validated,
       k.confmatchtype::pg_catalog.text AS match,
       k.conparentid <> 0 AS inherited
  FROM pg_catalog.pg_constraint AS k
 WHERE k.contype = 'f'
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS p
                    WHERE p.oid = k.conparentid AND p.conrelid = k.conrelid)
 ORDER BY 2, 1
