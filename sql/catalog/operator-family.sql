-- purpose: describe every operator family with its operators and functions, and the classes that they came with
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(f.opfname)
           || ' using ' || pg_catalog.quote_ident(a.amname) AS identity,
       NULL::pg_catalog.text AS belongs_to,
       f.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'owner', pg_catalog.pg_get_userbyid(f.opfowner),
           'operators', (
               SELECT pg_catalog.jsonb_agg(m.member ORDER BY m.member)
                 FROM (SELECT o.amopstrategy::pg_catalog.text || ' '
                              || o.amopopr::pg_catalog.regoperator::pg_catalog.text
                              || COALESCE(' for order by ' || pg_catalog.quote_ident(sn.nspname)
                                          || '.' || pg_catalog.quote_ident(s.opfname), '')
                              || COALESCE(' of ' || pg_catalog.quote_ident(c.opcname), '') AS member
                         FROM pg_catalog.pg_amop AS o
                         LEFT JOIN pg_catalog.pg_opfamily AS s ON s.oid = o.amopsortfamily
                         LEFT JOIN pg_catalog.pg_namespace AS sn ON sn.oid = s.opfnamespace
                         LEFT JOIN pg_catalog.pg_depend AS d
                                ON d.classid = 'pg_catalog.pg_amop'::pg_catalog.regclass AND d.objid = o.oid
                               AND d.refclassid = 'pg_catalog.pg_opclass'::pg_catalog.regclass
                         LEFT JOIN pg_catalog.pg_opclass AS c ON c.oid = d.refobjid
                        WHERE o.amopfamily = f.oid) AS m),
           'functions', (
               SELECT pg_catalog.jsonb_agg(m.member ORDER BY m.member)
                 FROM (SELECT p.amprocnum::pg_catalog.text || ' (' || pg_catalog.format_type(p.amproclefttype, NULL)
                              || ', ' || pg_catalog.format_type(p.amprocrighttype, NULL) || ') '
                              || p.amproc::pg_catalog.oid::pg_catalog.regprocedure::pg_catalog.text
                              || COALESCE(' of ' || pg_catalog.quote_ident(c.opcname), '') AS member
                         FROM pg_catalog.pg_amproc AS p
                         LEFT JOIN pg_catalog.pg_depend AS d
                                ON d.classid = 'pg_catalog.pg_amproc'::pg_catalog.regclass AND d.objid = p.oid
                               AND d.refclassid = 'pg_catalog.pg_opclass'::pg_catalog.regclass
                         LEFT JOIN pg_catalog.pg_opclass AS c ON c.oid = d.refobjid
                        WHERE p.amprocfamily = f.oid) AS m)
       ) AS attributes
  FROM pg_catalog.pg_opfamily AS f
  JOIN pg_catalog.pg_namespace AS n ON n.oid = f.opfnamespace
  JOIN pg_catalog.pg_am AS a ON a.oid = f.opfmethod
 WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '_rehearse')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_opfamily'::pg_catalog.regclass
                      AND e.objid = f.oid AND e.deptype = 'e')
 ORDER BY 1
