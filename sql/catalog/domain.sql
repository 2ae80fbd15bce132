-- purpose: describe every domain with its constraints
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname) AS identity,
       NULL::pg_catalog.text AS belongs_to,
       t.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'owner', pg_catalog.pg_get_userbyid(t.typowner),
           'type', pg_catalog.format_type(t.typbasetype, t.typtypmod),
           'collation', CASE WHEN t.typcollation <> b.typcollation THEN (
               SELECT pg_catalog.quote_ident(ln.nspname) || '.' || pg_catalog.quote_ident(l.collname)
                 FROM pg_catalog.pg_collation AS l
                 JOIN pg_catalog.pg_namespace AS ln ON ln.oid = l.collnamespace
                WHERE l.oid = t.typcollation) END,
           'default', t.typdefault,
           'not_null', t.typnotnull,
           'constraints', (
               SELECT pg_catalog.jsonb_object_agg(k.conname, pg_catalog.pg_get_constraintdef(k.oid))
                 FROM pg_catalog.pg_constraint AS k
                WHERE k.contypid = t.oid AND k.contype = 'c')
       ) AS attributes
  FROM pg_catalog.pg_type AS t
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
  JOIN pg_catalog.pg_type AS b ON b.oid = t.typbasetype
 WHERE t.typtype = 'd'
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '_rehearse')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
                      AND e.objid = t.oid AND e.deptype = 'e')
 ORDER BY 1
