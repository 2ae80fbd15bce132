-- purpose: name the columns that identify a row of each table: its primary key, else its shortest unique key without NULLs
-- needs: CONNECT
-- returns: oid, columns
SELECT DISTINCT ON (i.indrelid) i.indrelid AS oid,
       ARRAY(SELECT a.attname::pg_catalog.text
               FROM pg_catalog.unnest(i.indkey) WITH ORDINALITY AS u (number, place)
               JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = u.number
              WHERE u.place <= i.indnkeyatts
              ORDER BY u.place) AS columns
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
 WHERE i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
   AND NOT EXISTS (SELECT FROM pg_catalog.unnest(i.indkey) WITH ORDINALITY AS u (number, place)
                     JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = u.number
                    WHERE u.place <= i.indnkeyatts
                      AND (NOT a.attnotnull
                           OR EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
                                       WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND NOT k.convalidated
                                         AND a.attnum = ANY (k.conkey))))
 ORDER BY i.indrelid, i.indisprimary DESC, i.indnkeyatts, c.relname
