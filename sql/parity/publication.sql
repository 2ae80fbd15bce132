-- purpose: list the publications: what they publish, of which tables
-- needs: CONNECT
-- returns: name, importance, expected, compared, told, remark
SELECT p.pubname::pg_catalog.text AS name,
       'other' AS importance,
       true AS expected,
       pg_catalog.jsonb_build_object(
           'all_tables', p.puballtables,
           'insert', p.pubinsert,
           'update', p.pubupdate,
           'delete', p.pubdelete,
           'truncate', p.pubtruncate,
           'via_root', p.pubviaroot,
           'tables', ARRAY(SELECT pg_catalog.quote_ident(t.schemaname) || '.' || pg_catalog.quote_ident(t.tablename)
                             FROM pg_catalog.pg_publication_tables AS t
                            WHERE t.pubname = p.pubname AND NOT p.puballtables
                            ORDER BY 1)) AS compared,
       pg_catalog.jsonb_build_object() AS told,
       NULL AS remark
  FROM pg_catalog.pg_publication AS p
 ORDER BY 1
