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
           'tables', (
               SELECT pg_catalog.jsonb_agg(m.member ORDER BY m.member)
                 FROM (SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS member
                         FROM pg_catalog.pg_publication_rel AS r
                         JOIN pg_catalog.pg_class AS c ON c.oid = r.prrelid
                         JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                        WHERE r.prpubid = p.oid) AS m),
           'schemas', NULL
       ) AS attributes
  FROM pg_catalog.pg_publication AS p
 ORDER BY 1
