-- purpose: describe every function, procedure and window function
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname)
           || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')' AS identity,
       NULL::pg_catalog.text AS belongs_to,
       p.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'owner', pg_catalog.pg_get_userbyid(p.proowner),
           'type', CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'w' THEN 'window' ELSE 'function' END,
           'arguments', pg_catalog.pg_get_function_arguments(p.oid),
           'returns', pg_catalog.pg_get_function_result(p.oid),
           'language', l.lanname,
           'source', COALESCE(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc),
           'library', p.probin,
           'volatility', CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END,
           'parallel', CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END,
           'strict', p.proisstrict,
           'leakproof', p.proleakproof,
           'security_definer', p.prosecdef,
           'settings', (SELECT pg_catalog.jsonb_agg(o.setting ORDER BY o.setting)
                          FROM pg_catalog.unnest(p.proconfig) AS o (setting)),
           'cost', p.procost,
           'rows', p.prorows,
           'support', CASE WHEN p.prosupport <> 0 THEN p.prosupport::pg_catalog.regprocedure::pg_catalog.text END
       ) AS attributes
  FROM pg_catalog.pg_proc AS p
  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
  JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
 WHERE p.prokind IN ('f', 'p', 'w')
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '_rehearse')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                      AND e.objid = p.oid AND e.deptype = 'e')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS i
                    WHERE i.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                      AND i.objid = p.oid AND i.deptype = 'i')
 ORDER BY 1
