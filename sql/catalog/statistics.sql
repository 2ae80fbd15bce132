-- purpose: describe every extended statistics object
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(s.stxname) AS identity,
       pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS belongs_to,
       s.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'owner', pg_catalog.pg_get_userbyid(s.stxowner),
           'definition', pg_catalog.pg_get_statisticsobjdef(s.oid),
           'target', CASE WHEN s.stxstattarget >= 0 THEN s.stxstattarget END
       ) AS attributes
  FROM pg_catalog.pg_statistic_ext AS s
  JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
  JOIN pg_catalog.pg_class AS c ON c.oid = s.stxrelid
  JOIN pg_catalog.pg_namespace AS tn ON tn.oid = c.relnamespace
 WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '_rehearse')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass
                      AND e.objid = s.oid AND e.deptype = 'e')
 ORDER BY 1
