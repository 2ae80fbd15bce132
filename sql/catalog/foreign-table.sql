-- purpose: describe every foreign table, its options by name only
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS identity,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS belongs_to,
       c.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'owner', pg_catalog.pg_get_userbyid(c.relowner),
           'server', pg_catalog.quote_ident(s.srvname),
           'partition_bound', pg_catalog.pg_get_expr(c.relpartbound, c.oid),
           'inherits', (
               SELECT pg_catalog.jsonb_agg(
                          pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(p.relname)
                          ORDER BY i.inhseqno)
                 FROM pg_catalog.pg_inherits AS i
                 JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent
                 JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
                WHERE i.inhrelid = c.oid),
           'option_names', (SELECT pg_catalog.jsonb_agg(o.name ORDER BY o.name)
                              FROM (SELECT pg_catalog.split_part(u.option, '=', 1) AS name
                                      FROM pg_catalog.unnest(f.ftoptions) AS u (option)) AS o)
       ) AS attributes
  FROM pg_catalog.pg_foreign_table AS f
  JOIN pg_catalog.pg_class AS c ON c.oid = f.ftrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_foreign_server AS s ON s.oid = f.ftserver
 WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '_rehearse')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND e.objid = c.oid AND e.deptype = 'e')
 ORDER BY 1
