-- purpose: describe every table, partitioned table and partition
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS identity,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS belongs_to,
       c.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'owner', pg_catalog.pg_get_userbyid(c.relowner),
           'persistence', CASE c.relpersistence WHEN 'u' THEN 'unlogged' ELSE 'permanent' END,
           'partitioned_by', pg_catalog.pg_get_partkeydef(c.oid),
           'partition_bound', pg_catalog.pg_get_expr(c.relpartbound, c.oid),
           'inherits', (
               SELECT pg_catalog.jsonb_agg(
                          pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(p.relname)
                          ORDER BY i.inhseqno)
                 FROM pg_catalog.pg_inherits AS i
                 JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent
                 JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
                WHERE i.inhrelid = c.oid),
           'of_type', CASE WHEN c.reloftype <> 0 THEN pg_catalog.format_type(c.reloftype, NULL) END,
           'options', (SELECT pg_catalog.jsonb_agg(o.option ORDER BY o.option)
                         FROM pg_catalog.unnest(c.reloptions) AS o (option)),
           'toast_options', (SELECT pg_catalog.jsonb_agg(o.option ORDER BY o.option)
                               FROM pg_catalog.unnest(t.reloptions) AS o (option)),
           'row_security', c.relrowsecurity,
           'row_security_forced', c.relforcerowsecurity,
           'replica_identity', CASE c.relreplident
               WHEN 'd' THEN 'default' WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full' ELSE 'index' END,
           'access_method', a.amname,
           'tablespace', s.spcname
       ) AS attributes
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_class AS t ON t.oid = c.reltoastrelid
  LEFT JOIN pg_catalog.pg_am AS a ON a.oid = c.relam
  LEFT JOIN pg_catalog.pg_tablespace AS s ON s.oid = c.reltablespace
 WHERE c.relkind IN ('r', 'p')
   AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '_rehearse')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND e.objid = c.oid AND e.deptype = 'e')
 ORDER BY 1
