-- purpose: describe every aggregate
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname)
           || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')' AS identity,
       NULL::pg_catalog.text AS belongs_to,
       p.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'owner', pg_catalog.pg_get_userbyid(p.proowner),
           'arguments', pg_catalog.pg_get_function_arguments(p.oid),
           'returns', pg_catalog.pg_get_function_result(p.oid),
           'parallel', CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END,
           'transition', g.aggtransfn::pg_catalog.regprocedure::pg_catalog.text,
           'final', NULLIF(g.aggfinalfn::pg_catalog.regprocedure::pg_catalog.text, '-'),
           'combine', NULLIF(g.aggcombinefn::pg_catalog.regprocedure::pg_catalog.text, '-'),
           'state', pg_catalog.format_type(g.aggtranstype, NULL),
           'state_size', g.aggtransspace,
           'initial', g.agginitval,
           'form', CASE g.aggkind WHEN 'o' THEN 'ordered set' WHEN 'h' THEN 'hypothetical set' ELSE 'normal' END,
           'final_extra', g.aggfinalextra,
           'final_modifies', g.aggfinalmodify,
           'serialize', NULLIF(g.aggserialfn::pg_catalog.regprocedure::pg_catalog.text, '-'),
           'deserialize', NULLIF(g.aggdeserialfn::pg_catalog.regprocedure::pg_catalog.text, '-'),
           'moving_transition', NULLIF(g.aggmtransfn::pg_catalog.regprocedure::pg_catalog.text, '-'),
           'moving_inverse', NULLIF(g.aggminvtransfn::pg_catalog.regprocedure::pg_catalog.text, '-'),
           'moving_final', NULLIF(g.aggmfinalfn::pg_catalog.regprocedure::pg_catalog.text, '-'),
           'moving_final_extra', g.aggmfinalextra,
           'moving_final_modifies', g.aggmfinalmodify,
           'moving_state', CASE WHEN g.aggmtranstype <> 0 THEN pg_catalog.format_type(g.aggmtranstype, NULL) END,
           'moving_state_size', g.aggmtransspace,
           'moving_initial', g.aggminitval,
           'sorts_by', NULLIF(g.aggsortop::pg_catalog.regoperator::pg_catalog.text, '0')
       ) AS attributes
  FROM pg_catalog.pg_aggregate AS g
  JOIN pg_catalog.pg_proc AS p ON p.oid = g.aggfnoid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
 WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '_rehearse')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                      AND e.objid = p.oid AND e.deptype = 'e')
 ORDER BY 1
