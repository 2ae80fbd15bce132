-- purpose: describe every publication and what it publishes
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(p.pubname) AS identity,
       NULL::pg_catalog.text AS belongs_to,
       p.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'owner', pg_catalog.pg_get_userbyid(p.pubowner),
           'all_tables', p.puballtables,
           'insert', p.pubinsert,
           'update', p.pubupdate,
           'delete', p.pubdelete,
           'truncate', p.pubtruncate,
           'via_root', p.pubviaroot,
           'generated_columns', CASE pg_catalog.to_jsonb(p) ->> 'pubgencols' WHEN 's' THEN 'stored' END,  -- 18
           'tables', (
               SELECT pg_catalog.jsonb_agg(m.member ORDER BY m.member)
                 FROM (SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
                              || COALESCE(' (' || (
                                  SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', '
                                                               ORDER BY a.attnum)
                                    FROM pg_catalog.pg_attribute AS a
                                   WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)) || ')', '')
                              || COALESCE(' where ' || pg_catalog.pg_get_expr(r.prqual, r.prrelid), '') AS member
                         FROM pg_catalog.pg_publication_rel AS r
                         JOIN pg_catalog.pg_class AS c ON c.oid = r.prrelid
                         JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                        WHERE r.prpubid = p.oid) AS m),
           'schemas', (
               SELECT pg_catalog.jsonb_agg(pg_catalog.quote_ident(n.nspname) ORDER BY n.nspname)
                 FROM pg_catalog.pg_publication_namespace AS s
                 JOIN pg_catalog.pg_namespace AS n ON n.oid = s.pnnspid
                WHERE s.pnpubid = p.oid)
       ) AS attributes
  FROM pg_catalog.pg_publication AS p
 ORDER BY 1
