-- purpose: describe every operator
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT o.oid::pg_catalog.regoperator::pg_catalog.text AS identity,
       NULL::pg_catalog.text AS belongs_to,
       o.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'owner', pg_catalog.pg_get_userbyid(o.oprowner),
           'returns', pg_catalog.format_type(o.oprresult, NULL),
           'function', o.oprcode::pg_catalog.oid::pg_catalog.regprocedure::pg_catalog.text,
           'commutator', NULLIF(o.oprcom::pg_catalog.regoperator::pg_catalog.text, '0'),
           'negator', NULLIF(o.oprnegate::pg_catalog.regoperator::pg_catalog.text, '0'),
           'restriction', NULLIF(o.oprrest::pg_catalog.oid::pg_catalog.regprocedure::pg_catalog.text, '-'),
           'join', NULLIF(o.oprjoin::pg_catalog.oid::pg_catalog.regprocedure::pg_catalog.text, '-'),
           'merges', o.oprcanmerge,
           'hashes', o.oprcanhash
       ) AS attributes
  FROM pg_catalog.pg_operator AS o
  JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace
 WHERE o.oprcode <> 0  -- else a name that another operator mentioned, and nobody has made yet
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '_rehearse')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_operator'::pg_catalog.regclass
                      AND e.objid = o.oid AND e.deptype = 'e')
 ORDER BY 1
