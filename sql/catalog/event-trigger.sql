-- purpose: describe every event trigger
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(t.evtname) AS identity,
       NULL::pg_catalog.text AS belongs_to,
       t.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'owner', pg_catalog.pg_get_userbyid(t.evtowner),
           'event', t.evtevent,
           'function', t.evtfoid::pg_catalog.regprocedure::pg_catalog.text,
           'enabled', CASE t.evtenabled
               WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' ELSE 'enabled' END,
           'tags', (SELECT pg_catalog.jsonb_agg(g.tag ORDER BY g.tag)
                      FROM pg_catalog.unnest(t.evttags) AS g (tag))
       ) AS attributes
  FROM pg_catalog.pg_event_trigger AS t
  JOIN pg_catalog.pg_proc AS p ON p.oid = t.evtfoid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
 WHERE n.nspname <> '_rehearse'
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass
                      AND e.objid = t.oid AND e.deptype = 'e')
 ORDER BY 1
