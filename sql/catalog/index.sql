-- purpose: describe every index
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(x.relname) AS identity,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS belongs_to,
       x.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'definition', pg_catalog.pg_get_indexdef(i.indexrelid),
           'method', a.amname,
           'unique', i.indisunique,
           'primary', i.indisprimary,
           'valid', i.indisvalid,
           'ready', i.indisready,
           'clustered', i.indisclustered,
           'replica_identity', i.indisreplident,
           'constraint', pg_catalog.quote_ident(k.conname),
           'partition_of', CASE WHEN x.relispartition THEN (
               SELECT pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(p.relname)
                 FROM pg_catalog.pg_inherits AS h
                 JOIN pg_catalog.pg_class AS p ON p.oid = h.inhparent
                 JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
                WHERE h.inhrelid = i.indexrelid) END,
           'statistics', (SELECT pg_catalog.jsonb_object_agg(t.attnum, t.attstattarget)
                            FROM pg_catalog.pg_attribute AS t
                           WHERE t.attrelid = i.indexrelid AND t.attstattarget >= 0),
           'tablespace', s.spcname
       ) AS attributes
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
  JOIN pg_catalog.pg_am AS a ON a.oid = x.relam
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_tablespace AS s ON s.oid = x.reltablespace
  LEFT JOIN pg_catalog.pg_constraint AS k
         ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')
 WHERE c.relkind IN ('r', 'p', 'm')
   AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '_rehearse')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND e.objid = c.oid AND e.deptype = 'e')
 ORDER BY 1
