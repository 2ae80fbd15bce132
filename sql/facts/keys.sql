-- purpose: list the columns of every index a key may be read from, and say how unique the index makes them
-- needs: CONNECT
-- returns: relation, columns, is_unique, is_primary, nulls_equal
SELECT i.indrelid AS relation,
       ARRAY(SELECT a.attname::pg_catalog.text
               FROM pg_catalog.unnest(i.indkey) WITH ORDINALITY AS u (number, place)
               JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = u.number
              WHERE u.place <= i.indnkeyatts
              ORDER BY u.place) AS columns,
       i.indisunique AND i.indisvalid AND i.indpred IS NULL AS is_unique,
       i.indisprimary AS is_primary,
       COALESCE((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::pg_catalog.bool, FALSE) AS nulls_equal
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
  JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
  JOIN pg_catalog.pg_am AS m ON m.oid = x.relam
 WHERE t.relkind = 'r' AND i.indexprs IS NULL AND m.amname = 'btree'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
 ORDER BY 1, 2, 3 DESC
